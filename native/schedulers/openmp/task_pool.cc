#include "schedulers/openmp/task_pool.hpp"

#include <mutex>
#include <new>

#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {

void TaskPool::reset() {
  is_used_.store(false, std::memory_order_relaxed);
  waking_.store(false, std::memory_order_relaxed);
}

bool TaskPool::prepare(unsigned size) try {
  std::lock_guard<Guard> hold(guard_);
  if (is_used_.load(std::memory_order_relaxed)) return true;
  while (queues_.size() < size) queues_.push_back(std::make_unique<TaskQueue>());
  is_used_.store(true, std::memory_order_seq_cst);
  return true;
} catch (const std::bad_alloc &) {
  return false;
}

bool TaskPool::is_full_for(const Member &member) const { return queues_[member.number]->is_full(); }

void TaskPool::push(Member *pusher, ExplicitTask &task) {
  const bool is_shared = pusher == nullptr || task.priority > 0 || !queues_[pusher->number]->push(task);
  if (is_shared) push_shared(task);
  wake_one();
}

void TaskPool::push_shared(ExplicitTask &task) {
  std::lock_guard<Guard> hold(guard_);
  ExplicitTask **link = &shared_;
  while (*link != nullptr && (*link)->priority >= task.priority) link = &(*link)->next;
  task.next = *link;
  *link = &task;
  shared_count_.fetch_add(1, std::memory_order_seq_cst);
}

ExplicitTask *TaskPool::take_shared(const Task *tied) {
  if (shared_count_.load(std::memory_order_seq_cst) == 0) return nullptr;
  std::lock_guard<Guard> hold(guard_);
  for (ExplicitTask **link = &shared_; *link != nullptr; link = &(*link)->next) {
    ExplicitTask *task = *link;
    if (!TaskQueue::may_run(*task, tied)) continue;
    *link = task->next;
    shared_count_.fetch_sub(1, std::memory_order_relaxed);
    return task;
  }
  return nullptr;
}

ExplicitTask *TaskPool::take(const Member &member, const Task *tied) {
  if (!is_used()) return nullptr;
  if (ExplicitTask *task = take_shared(tied)) return task;
  const unsigned size = member.team->size;
  if (ExplicitTask *task = queues_[member.number]->pop(tied)) return task;
  for (unsigned other = 1; other < size; ++other) {
    const unsigned victim = member.number + other < size ? member.number + other : member.number + other - size;
    if (ExplicitTask *task = queues_[victim]->steal(tied)) {
      if (!queues_[victim]->is_empty()) wake_one();
      return task;
    }
  }
  return nullptr;
}

bool TaskPool::has_for(const Member &member, const Task *tied) {
  if (!is_used()) return false;
  const unsigned size = member.team->size;
  for (unsigned number = 0; number < size; ++number) {
    if (queues_[number]->has_for(tied)) return true;
  }
  if (shared_count_.load(std::memory_order_seq_cst) == 0) return false;
  if (tied == nullptr) return true;
  std::lock_guard<Guard> hold(guard_);
  for (const ExplicitTask *task = shared_; task != nullptr; task = task->next) {
    if (TaskQueue::may_run(*task, tied)) return true;
  }
  return false;
}

void TaskPool::wait(Member &member, TaskCount &count, Until until, const Task *tied) {
  while (!count.is_over(until)) {
    if (ExplicitTask *task = take(member, tied)) {
      run_task(member, *task, tied);
      continue;
    }
    const auto has_news = [&] { return count.is_over(until) || has_for(member, tied); };
    if (crew_ != nullptr && crew_->spin_until(member, true, has_news)) continue;
    TaskWaiter waiter = {this, &count, until, tied};
    lithe_context_block(&fall_asleep, &waiter);
    {
      /* Whoever lowered the count, and woke this thread, holds the guard until it has no more to do with it. */
      std::lock_guard<Guard> hold(guard_);
      count.word.fetch_and(~TaskCount::kWaiting, std::memory_order_relaxed);
      count.waiter = nullptr;
    }
    woken();
  }
}

/* Called as the context leaves its stack. All of it under the guard: until that is dropped nobody can wake the context, so
 * the region goes on and the pool is there. */
void TaskPool::fall_asleep(lithe_context_t *context, void *arg) {
  TaskWaiter &waiter = *static_cast<TaskWaiter *>(arg);
  TaskPool &pool = *waiter.pool;
  bool goes_on;
  {
    std::lock_guard<Guard> hold(pool.guard_);
    waiter.context = context;
    waiter.count->waiter = &waiter;
    const uint64_t before = waiter.count->word.fetch_or(TaskCount::kWaiting, std::memory_order_acq_rel);
    goes_on = TaskCount::is_over(before, waiter.until);
    if (!goes_on) {
      pool.link(waiter);
      goes_on = pool.any_for(waiter.tied);
      if (goes_on) pool.unlink(waiter);
    }
  }
  if (goes_on) lithe_context_unblock(context);
}

void TaskPool::help(Member &member) {
  while (ExplicitTask *task = take(member, nullptr)) run_task(member, *task, nullptr);
}

uint64_t TaskPool::lower(TaskCount &count, uint64_t amount) {
  uint64_t word = count.word.load(std::memory_order_relaxed);
  while ((word & TaskCount::kWaiting) == 0) {
    if (count.word.compare_exchange_weak(word, word - amount, std::memory_order_acq_rel)) return word - amount;
  }
  lithe_context_t *woken = nullptr;
  {
    std::lock_guard<Guard> hold(guard_);
    word = count.word.fetch_sub(amount, std::memory_order_acq_rel) - amount;
    TaskWaiter *waiter = count.waiter;
    if (waiter != nullptr && waiter->is_listed && TaskCount::is_over(word, waiter->until)) {
      unlink(*waiter);
      woken = waiter->context;
    }
  }
  if (woken != nullptr) lithe_context_unblock(woken);
  return word;
}

/* The tasks that there is one for may be running by now; then whoever is woken finds nothing and sleeps again. */
void TaskPool::wake_one() {
  const bool crew_sleeps = crew_ != nullptr && crew_->has_sleeper();
  if (!crew_sleeps && waiter_count_.load(std::memory_order_seq_cst) == 0) return;
  if (waking_.load(std::memory_order_seq_cst) || waking_.exchange(true, std::memory_order_seq_cst)) return;
  if (crew_sleeps && crew_->wake_sleeper()) return;
  lithe_context_t *context = nullptr;
  {
    std::lock_guard<Guard> hold(guard_);
    for (TaskWaiter *waiter = waiters_; waiter != nullptr && context == nullptr; waiter = waiter->next) {
      if (!any_for(waiter->tied)) continue;
      unlink(*waiter);
      context = waiter->context;
    }
  }
  if (context != nullptr) {
    lithe_context_unblock(context);
  } else {
    woken();
  }
}

bool TaskPool::any_for(const Task *tied) {
  for (const auto &queue : queues_) {
    if (queue->has_for(tied)) return true;
  }
  for (const ExplicitTask *task = shared_; task != nullptr; task = task->next) {
    if (TaskQueue::may_run(*task, tied)) return true;
  }
  return false;
}

void TaskPool::link(TaskWaiter &waiter) {
  waiter.is_listed = true;
  waiter.next = waiters_;
  waiter.previous = nullptr;
  if (waiters_ != nullptr) waiters_->previous = &waiter;
  waiters_ = &waiter;
  waiter_count_.fetch_add(1, std::memory_order_seq_cst);
}

void TaskPool::unlink(TaskWaiter &waiter) {
  waiter.is_listed = false;
  (waiter.previous != nullptr ? waiter.previous->next : waiters_) = waiter.next;
  if (waiter.next != nullptr) waiter.next->previous = waiter.previous;
  waiter_count_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace harts::omp
