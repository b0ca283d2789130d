/* How a task comes to be and to an end. */
#ifndef HARTS_OPENMP_TASKING_HPP
#define HARTS_OPENMP_TASKING_HPP

#include "schedulers/openmp/task.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {

/* The compiler's flags of a task and of a taskloop. */
enum TaskFlag : unsigned {
  kTaskUntied = 1,
  kTaskFinal = 2,
  kTaskDepend = 8,
  kTaskPriority = 16,
  kLoopUp = 256,
  kLoopGrainsize = 512,
  kLoopIf = 1024,
  kLoopNogroup = 2048,
  kLoopReduction = 4096,
  kTaskDetach = 8192,
  kLoopStrict = 16384
};

/* A task construct as the program met it. */
struct TaskRequest {
  void (*function)(void *);
  void *data;                   /* copied, unless the task runs at once */
  void (*copy)(void *, void *); /* how, when bytes will not do */
  size_t bytes;
  size_t align;
  unsigned flags;
  int priority; /* with kTaskPriority */
  bool if_clause = true;
  void **depend = nullptr; /* with kTaskDepend (task_depend.hpp) */
  void **event = nullptr;  /* with kTaskDetach: where its handle goes */
};

/* A child of the caller's task with its own data, which may still be changed. NULL when it is cancelled already. */
ExplicitTask *make_task(Member &member, const TaskRequest &request);

/* Runs it now, or makes it available as soon as its dependences are satisfied. It may be gone when this returns. */
void submit_task(Member &member, ExplicitTask &task, const TaskRequest &request);

/* Queues a task that has no dependence left. `member` NULL: the caller is not of its team. */
void make_runnable(Member *member, ExplicitTask &task);

/* Returns when the member's implicit task has no descendant that is not complete, and runs tasks until then. Callable
 * from: its implicit task, at a barrier. */
void drain_tasks_slow(Member &member);
inline void drain_tasks(Member &member) {
  if (member.implicit.count.word.load(std::memory_order_acquire) != TaskCount::kLive) drain_tasks_slow(member);
}

/* The taskgroup construct, in the caller's task. */
void begin_taskgroup(Member &member);
void end_taskgroup(Member &member);

}  // namespace harts::omp

#endif
