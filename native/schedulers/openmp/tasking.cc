#include "schedulers/openmp/tasking.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "lithe/context.h"
#include "schedulers/openmp/cancel.hpp"
#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/task_depend.hpp"
#include "schedulers/openmp/task_pool.hpp"

namespace harts::omp {
namespace {

/* A team of one runs tasks as it meets them. Only a task with an event can be incomplete after that, and with it what
 * depends on it. */
TaskPool &pool_of(Team &team) {
  if (team.tasks == nullptr) {
    team.tasks = new (std::nothrow) TaskPool(nullptr);
    if (team.tasks == nullptr) fatal("out of memory for tasks");
  }
  if (!team.tasks->is_used() && !team.tasks->prepare(team.size)) fatal("out of memory for tasks");
  return *team.tasks;
}

void give_back(Member *member, ExplicitTask &task) {
  if (member != nullptr) {
    member->thread->store.give(task);
  } else {
    TaskStore::give_home(task);
  }
}

uint64_t live_in(uint64_t word) { return word / TaskCount::kLive; }

/* `task` and all that descends from it is complete: it is no longer live for its parent, which may then be at its end
 * too. An implicit task never is; it counts itself. */
void end_subtree(TaskPool &pool, Member *member, Task *task) {
  for (;;) {
    Task *parent = task->parent;
    give_back(member, *static_cast<ExplicitTask *>(task));
    if (live_in(pool.lower(parent->count, TaskCount::kLive)) != 0) return;
    task = parent;
  }
}

/* The task's code has ended, and its event has come. */
void complete(Member *member, ExplicitTask &task) {
  if (task.node != nullptr) release_dependents(member, task);
  drop_dependences(task);
  Task *const parent = task.parent;
  const bool is_leaf = task.count.word.load(std::memory_order_acquire) == TaskCount::kLive;
  if (!task.is_counted) {
    /* It ran at once; only what it has left behind concerns the parent. */
    if (is_leaf) {
      give_back(member, task);
      return;
    }
    parent->count.add(TaskCount::kLive);
    TaskPool &pool = *member->team->tasks;
    if (live_in(pool.lower(task.count, TaskCount::kLive)) == 0) end_subtree(pool, member, &task);
    return;
  }
  TaskPool &pool = *task.pool;
  if (task.group != nullptr) pool.lower(task.group->count, TaskCount::kChild);
  if (is_leaf) {
    give_back(member, task);
    if (live_in(pool.lower(parent->count, TaskCount::kChild + TaskCount::kLive)) == 0) {
      end_subtree(pool, member, parent);
    }
    return;
  }
  pool.lower(parent->count, TaskCount::kChild);
  if (live_in(pool.lower(task.count, TaskCount::kLive)) == 0) end_subtree(pool, member, &task);
}

void count_task(ExplicitTask &task) {
  task.parent->count.add(TaskCount::kChild + TaskCount::kLive);
  if (task.group != nullptr) task.group->count.add(TaskCount::kChild);
  task.is_counted = true;
}

bool runs_at_once(const Member &member, const TaskRequest &request) {
  return !request.if_clause || member.task->is_final;
}

void wait_for_children(Member &member) {
  if (member.task->count.is_over(Until::kChildren)) return;
  member.team->tasks->wait(member, member.task->count, Until::kChildren, member.tied);
}

/* An undeferred task with an event: its maker goes on when both the code has ended and the event has come. */
void run_with_event(Member &member, ExplicitTask &task) {
  Taskgroup only_this;
  only_this.outer = member.task->group;
  if (only_this.outer != nullptr) only_this.reductions = only_this.outer->reductions;
  task.pool = &pool_of(*member.team);
  task.group = &only_this;
  count_task(task);
  TaskPool &pool = *task.pool;
  run_task(member, task, member.tied);
  pool.wait(member, only_this.count, Until::kChildren, member.tied);
}

void start_group(Task &task, Taskgroup &group) {
  group.outer = task.group;
  group.reductions = group.outer != nullptr ? group.outer->reductions : nullptr;
  task.group = &group;
}

}  // namespace

void run_task(Member &member, ExplicitTask &task, const Task *tied) {
  if (!is_discarded(member, task.group)) {
    Task *const outer = member.task;
    const Task *const outer_tied = member.tied;
    const Controls controls = member.controls;
    member.task = &task;
    member.tied = task.is_tied ? &task : tied;
    member.controls = task.controls;
    task.function(task.data);
    member.task = outer;
    member.tied = outer_tied;
    member.controls = controls;
    if (task.has_event) {
      const unsigned before = task.event.fetch_or(ExplicitTask::kBodyEnded, std::memory_order_acq_rel);
      if ((before & ExplicitTask::kFulfilled) == 0) return;
    }
  }
  complete(&member, task);
}

void drain_tasks_slow(Member &member) {
  if (member.implicit.count.is_over(Until::kDescendants)) return;
  member.tied = nullptr;
  member.team->tasks->wait(member, member.implicit.count, Until::kDescendants, nullptr);
  member.tied = &member.implicit;
}

ExplicitTask *make_task(Member &member, const TaskRequest &request) {
  Task &parent = *member.task;
  if (is_discarded(member, parent.group)) return nullptr;
  const bool needs_copy = request.copy != nullptr || !runs_at_once(member, request);
  const bool has_event = (request.flags & kTaskDetach) != 0;
  ExplicitTask &task = member.thread->store.take(needs_copy ? request.bytes : 0, needs_copy ? request.align : 1);
  if (has_event) {
    /* The event's variable, and the task's own copy of it, which is the first of its data. */
    task.has_event = true;
    *request.event = &task;
    if (request.data != nullptr) *static_cast<void **>(request.data) = &task;
  }
  if (request.copy != nullptr) {
    request.copy(task.data, request.data);
  } else if (needs_copy) {
    if (request.bytes != 0) memcpy(task.data, request.data, request.bytes);
  } else {
    task.data = request.data;
  }
  task.function = request.function;
  task.parent = &parent;
  task.group = parent.group;
  task.depth = parent.depth + 1;
  task.is_final = parent.is_final || (request.flags & kTaskFinal) != 0;
  task.is_tied = (request.flags & kTaskUntied) == 0;
  task.controls = member.controls;
  if ((request.flags & kTaskPriority) != 0 && request.priority > 0) {
    task.priority = std::min(request.priority, environment().max_task_priority);
  }
  return &task;
}

void submit_task(Member &member, ExplicitTask &task, const TaskRequest &request) {
  void **depend = (request.flags & kTaskDepend) != 0 ? request.depend : nullptr;
  if (runs_at_once(member, request)) {
    if (depend != nullptr) wait_for_dependences(member, depend);
    if (task.has_event) {
      run_with_event(member, task);
    } else {
      run_task(member, task, member.tied);
    }
    return;
  }
  Team &team = *member.team;
  const bool is_alone = team.crew == nullptr;
  if (is_alone && team.tasks == nullptr && !task.has_event) {
    run_task(member, task, member.tied);
    return;
  }
  task.pool = &pool_of(team);
  count_task(task);
  if (depend != nullptr) add_dependences(task, depend);
  if (task.blockers.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (is_alone || task.pool->is_full_for(member)) {
    run_task(member, task, member.tied);
  } else {
    make_runnable(&member, task);
  }
}

void make_runnable(Member *member, ExplicitTask &task) {
  TaskPool &pool = *task.pool;
  pool.push(member != nullptr && member->team->tasks == &pool ? member : nullptr, task);
}

void begin_taskgroup(Member &member) {
  Taskgroup *group = new (std::nothrow) Taskgroup;
  if (group == nullptr) fatal("out of memory for a taskgroup");
  start_group(*member.task, *group);
}

void end_taskgroup(Member &member) {
  Taskgroup *group = member.task->group;
  if (group == nullptr) return; /* begun before a fork, in the parent process */
  if (!group->count.is_over(Until::kChildren)) {
    member.team->tasks->wait(member, group->count, Until::kChildren, member.tied);
  }
  member.task->group = group->outer;
  delete group;
}

}  // namespace harts::omp

using namespace harts::omp;

HARTS_OMP_API void GOMP_task(void (*function)(void *), void *data, void (*copy)(void *, void *), long bytes, long align,
                             bool if_clause, unsigned flags, void **depend, int priority, void *event) {
  Member &member = self();
  TaskRequest request = {function, data, copy, static_cast<size_t>(bytes), static_cast<size_t>(align), flags, priority};
  request.if_clause = if_clause;
  request.depend = depend;
  request.event = static_cast<void **>(event);
  if (ExplicitTask *task = make_task(member, request)) submit_task(member, *task, request);
}

HARTS_OMP_API void GOMP_taskwait() { wait_for_children(self()); }
HARTS_OMP_API void GOMP_taskwait_depend(void **depend) { wait_for_dependences(self(), depend); }

/* Runs one task, if there is one; else lets another context have the hart, which may be what the caller waits for. */
HARTS_OMP_API void GOMP_taskyield() {
  Member &member = self();
  TaskPool *pool = member.team->tasks;
  ExplicitTask *task = pool != nullptr ? pool->take(member, member.tied) : nullptr;
  if (task != nullptr) {
    run_task(member, *task, member.tied);
  } else {
    lithe_context_yield();
  }
}

HARTS_OMP_API void GOMP_taskgroup_start() { begin_taskgroup(self()); }
HARTS_OMP_API void GOMP_taskgroup_end() { end_taskgroup(self()); }

/* Callable from any thread. */
HARTS_OMP_API void omp_fulfill_event(void *event) {
  ExplicitTask &task = *static_cast<ExplicitTask *>(event);
  const unsigned before = task.event.fetch_or(ExplicitTask::kFulfilled, std::memory_order_acq_rel);
  if ((before & ExplicitTask::kFulfilled) != 0) fatal("omp_fulfill_event: event %p has been fulfilled before.", event);
  if ((before & ExplicitTask::kBodyEnded) != 0) complete(current, task);
}
HARTS_OMP_API void omp_fulfill_event_(void *event) { omp_fulfill_event(event); }
