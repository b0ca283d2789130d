/* Where the tasks of a team wait for a thread, and its threads for tasks. */
#ifndef HARTS_OPENMP_TASK_POOL_HPP
#define HARTS_OPENMP_TASK_POOL_HPP

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "lithe/context.h"
#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/task.hpp"
#include "schedulers/openmp/task_queue.hpp"

namespace harts::omp {

class Crew;
struct Member;

/* A member that sleeps until a count is over, or until there is a task that it may run. On its stack. */
struct TaskWaiter {
  TaskPool *pool;
  TaskCount *count;
  Until until;
  const Task *tied;
  lithe_context_t *context = nullptr;
  bool is_listed = false;
  TaskWaiter *next = nullptr;
  TaskWaiter *previous = nullptr;
};

/* The tasks of one team that can run. A member pushes to a queue of its own, pops the newest, and steals the oldest of
 * others. Tasks with a priority, and those that a thread from outside the team has made ready, are in one ordered list.
 *
 * Who finds nothing to do sleeps: at a barrier parked in the crew, after its part docked, at a taskwait as a TaskWaiter.
 * No wake-up is lost: a pusher queues the task, then looks for sleepers; a sleeper lists itself, then looks for tasks;
 * and all four are sequentially consistent, so that one of them sees the other. (A docked member does
 * not look; that costs at most a thread that could have helped with one task, which its maker runs itself.)
 *
 * One wake-up at a time is on its way (`waking_`): the woken thread clears that before it looks, and wakes the next one if
 * it has left something. So a task that a pusher did not wake anybody for is found by the one that was being woken. */
class TaskPool {
 public:
  /* `crew` NULL: the pool of a team of one. */
  explicit TaskPool(Crew *crew) : crew_(crew) {}
  TaskPool(const TaskPool &) = delete;
  TaskPool &operator=(const TaskPool &) = delete;

  /* Before a region begins: nothing has been deferred in it. No other thread may use the pool. */
  void reset();

  /* Whether a task of this region has been deferred. */
  bool is_used() const { return is_used_.load(std::memory_order_acquire); }

  /* Makes a queue for each of `size` members. False when memory is exhausted; then tasks run at once. Callable from: a
   * member. */
  bool prepare(unsigned size);

  /* Whether this member should rather run the next task itself. */
  bool is_full_for(const Member &member) const;

  /* Makes a task available whose dependences are satisfied. `pusher` NULL: the caller is not of the team. */
  void push(Member *pusher, ExplicitTask &task);

  /* A task that the member may run now, NULL when there is none. `tied` as in TaskQueue::may_run. */
  ExplicitTask *take(const Member &member, const Task *tied);
  /* Whether take would find one now. */
  bool has_for(const Member &member, const Task *tied);

  /* Runs tasks until the count is over, and sleeps while there are none. Callable from: the owner of the count. */
  void wait(Member &member, TaskCount &count, Until until, const Task *tied);

  /* Runs tasks until there are none. Callable from: a member that waits for nothing. */
  void help(Member &member);

  /* Lowers a count and wakes the owner if it waits for that. Returns the word after it. The caller must not touch the
   * owner any more, unless the result says that something of it is left which is the caller's. */
  uint64_t lower(TaskCount &count, uint64_t amount);

  /* Called by whoever has been woken, before it looks for tasks. */
  void woken() {
    if (waking_.load(std::memory_order_relaxed)) waking_.exchange(false, std::memory_order_seq_cst);
  }

  /* What keeps the crew's parked members listed while somebody takes one of them out. */
  Guard &guard() { return guard_; }

 private:
  void push_shared(ExplicitTask &task);
  ExplicitTask *take_shared(const Task *tied);
  void wake_one();
  bool any_for(const Task *tied); /* under the guard */
  static void fall_asleep(lithe_context_t *context, void *waiter);
  void link(TaskWaiter &waiter);
  void unlink(TaskWaiter &waiter);

  Crew *const crew_;
  std::vector<std::unique_ptr<TaskQueue>> queues_; /* by member; grows before is_used_ is set */
  std::atomic<bool> is_used_{false};
  alignas(64) std::atomic<bool> waking_{false};
  std::atomic<unsigned> waiter_count_{0};
  std::atomic<unsigned> shared_count_{0};
  Guard guard_; /* of the lists below, and of counts with a waiter */
  TaskWaiter *waiters_ = nullptr;
  ExplicitTask *shared_ = nullptr; /* the highest priority first */
};

/* Runs a task on the caller's stack, to its end. `tied` is what constrains the tasks that it may wait in. */
void run_task(Member &member, ExplicitTask &task, const Task *tied);

}  // namespace harts::omp

#endif
