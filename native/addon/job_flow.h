/* A flow: one context that walks a part of a job's plan. */
#ifndef HARTS_ADDON_JOB_FLOW_H
#define HARTS_ADDON_JOB_FLOW_H

#include <cstdint>
#include <memory>

#include "addon/job.h"
#include "addon/job_plan.h"
#include "addon/job_scheduler.h"
#include "addon/job_team.h"
#include "addon/time_slice.h"

namespace harts::addon {

/* What flows need to know of the machine. */
struct Machine {
  int harts;
  bool spin;  // harts do not outnumber PUs
};

/* Executes nodes on the context that made it, inside `sched`. The job's first context has one, and so has every context
 * of a parallel; each leads a team of its own as soon as it meets a forEach that is worth one. */
class Flow {
 public:
  /* `forked`: other contexts of `sched` may wait for a hart while this one polls a flag. */
  Flow(Job &job, JobScheduler &sched, const Machine &machine, bool forked);
  ~Flow();
  Flow(const Flow &) = delete;
  Flow &operator=(const Flow &) = delete;

  /* False when the job was stopped before `node` had ended. Throws std::bad_alloc. */
  bool execute(const Node &node);

 private:
  bool sequence(const Node &node);
  bool parallel(const Node &node);
  bool fork_branches(const Node &node);
  bool for_each(const Node &node);
  bool repeat(const Node &node);
  bool until(const Node &node);
  void share(const Loop &loop, const Node &node, std::uint32_t count);
  void share_unknown(const Loop &loop, const Node &node, std::uint32_t count);
  Team &team();

  Job &job_;
  JobScheduler &sched_;
  const Machine machine_;
  const bool forked_;
  std::unique_ptr<Team> team_;
  double since_wake_ = 0;  // what the loops cost, in ns, since helpers were last woken
  TimeSlice &slice_;
};

}  // namespace harts::addon

#endif
