#include "addon/job.h"

#include <new>

#include "addon/job_flow.h"
#include "addon/job_scheduler.h"

namespace harts::addon {

void Job::fail(int code) {
  int none = 0;
  problem_.compare_exchange_strong(none, code, std::memory_order_relaxed);
  abort();
}

Job::Outcome Job::outcome() const {
  if (problem() != 0) return Outcome::kFailed;
  return cut_short_.load(std::memory_order_relaxed) ? Outcome::kAborted : Outcome::kDone;
}

void Job::run() {
  try {
    lithe_topology_t topology;
    if (const int code = lithe_topology_get(&topology); code < 0) return fail(code);
    JobScheduler sched("job");
    if (const int code = lithe_sched_enter(sched.c()); code < 0) return fail(code);
    try {
      Flow flow(*this, sched, {lithe_hart_limit(), topology.is_virtual == 0}, false);
      if (!flow.execute(plan_)) cut_short_.store(true, std::memory_order_relaxed);
    } catch (const std::bad_alloc &) {
      fail(LITHE_ENOMEM);
    }
    // The helpers have left their team by now, but may not have ended.
    sched.join();
    lithe_sched_exit();
  } catch (const std::bad_alloc &) {
    fail(LITHE_ENOMEM);
  }
}

}  // namespace harts::addon
