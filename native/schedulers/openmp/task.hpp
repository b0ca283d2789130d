/* Tasks: what is known about one of them, and how the end of others is counted.
 *
 *   Task          a task region: the implicit one of each member, or an explicit one
 *   ExplicitTask  what a task construct made: its code and data, its control variables, its place among dependences
 *   Taskgroup     the tasks that one taskgroup construct waits for
 *   TaskPool      where the tasks of a team wait for a thread (task_pool.hpp)
 *   TaskStore     where the memory of tasks comes from (task_store.hpp)
 *
 * An explicit task runs on the stack of a member of its team, nested in whatever that member waits for, and never moves
 * to another. So its thread is its member, and all that a member knows about itself holds for the tasks it runs. */
#ifndef HARTS_OPENMP_TASK_HPP
#define HARTS_OPENMP_TASK_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "schedulers/openmp/env.hpp"

namespace harts::omp {

class DependNode;
class DependTable;
class TaskPool;
class TaskStore;
struct TaskWaiter;

/* What the owner of a count waits for. */
enum class Until : unsigned char {
  kChildren,   /* every task that was counted is complete */
  kDescendants /* and so is all that descends from them */
};

/* Tasks that are not complete, in one word:
 *
 *   children  those counted here
 *   live      those of them that are not complete, or have a descendant that is not; and one for the owner itself
 *   waiting   the owner sleeps, or is about to, and has a TaskWaiter in the pool
 *
 * Only the owner adds. It finds what others wrote once it has seen the count go down: they release, it acquires.
 *
 * Who takes the owner's last task away must not touch the owner any more, which may be gone by then. So without
 * `waiting` the count is lowered by one compare-and-swap and left alone; with it, under the pool's guard, which the owner
 * takes before it goes on. */
struct TaskCount {
  static constexpr uint64_t kChild = 1;
  static constexpr uint64_t kWaiting = uint64_t{1} << 31;
  static constexpr uint64_t kLive = uint64_t{1} << 32;

  static bool is_over(uint64_t word, Until until) {
    return until == Until::kChildren ? (word & (kWaiting - 1)) == 0 : (word & ~kWaiting) <= kLive;
  }
  bool is_over(Until until) const { return is_over(word.load(std::memory_order_acquire), until); }
  void add(uint64_t amount) { word.fetch_add(amount, std::memory_order_relaxed); }

  std::atomic<uint64_t> word{kLive};
  TaskWaiter *waiter = nullptr; /* with `waiting`; under the pool's guard */
};

/* The taskgroup construct. Tasks of a group are all that are made in it, at any depth below. */
struct Taskgroup {
  Taskgroup *outer = nullptr;            /* that it lies in, of the same task or an ancestor */
  TaskCount count;                       /* of all of them as children */
  std::atomic<bool> is_cancelled{false}; /* set with release, read with acquire; never cleared */
  uintptr_t *reductions = nullptr;       /* the innermost registered ones (task_reduction.hpp) */
};

struct Task {
  Task *parent = nullptr; /* NULL for an implicit task */
  Taskgroup *group = nullptr;
  TaskCount count;
  DependTable *depends = nullptr; /* between its children */
  unsigned depth = 0;             /* explicit tasks above it */
  bool is_final = false;
  bool is_tied = true;
};

struct alignas(64) ExplicitTask : Task {
  void (*function)(void *) = nullptr;
  void *data = nullptr;
  TaskStore *home = nullptr;    /* whose memory it is */
  void *own_memory = nullptr;   /* of data that is larger than a block */
  ExplicitTask *next = nullptr; /* in the list that it is in */
  TaskPool *pool = nullptr;     /* of its team; NULL where nothing is deferred */
  DependNode *node = nullptr;   /* what others that depend on it wait for */
  /* Tasks that it depends on and, until it is submitted, its maker. Only the maker adds (relaxed: it counts itself). Who
   * takes the last one away makes the task available, and has acquired what all others released. */
  std::atomic<unsigned> blockers{1};
  int priority = 0;
  bool is_counted = false; /* by its parent and its group */
  bool has_event = false;  /* the detach clause */
  static constexpr unsigned kBodyEnded = 1;
  static constexpr unsigned kFulfilled = 2;
  std::atomic<unsigned> event{0}; /* whoever adds the second of the two completes the task (acquire and release) */
  Controls controls;
};

/* Whether `task` descends from `ancestor`. Callable while `task` is not complete. */
inline bool descends_from(const Task *task, const Task *ancestor) {
  while (task->depth > ancestor->depth) task = task->parent;
  return task == ancestor;
}

}  // namespace harts::omp

#endif
