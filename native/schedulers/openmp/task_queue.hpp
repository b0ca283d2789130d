/* The tasks that one member has made and nobody runs yet: the newest for itself, the oldest for others. */
#ifndef HARTS_OPENMP_TASK_QUEUE_HPP
#define HARTS_OPENMP_TASK_QUEUE_HPP

#include <atomic>
#include <mutex>

#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/task.hpp"

namespace harts::omp {

/* A ring under a lock. What a thread may run depends on what it is in the middle of (may_run), so a thief must look at a
 * task before it takes it; the lock keeps the task from being run, and its memory from being used again, meanwhile. The
 * owner's uncontended lock costs what the fence of a lock-free queue would. */
class alignas(64) TaskQueue {
 public:
  static constexpr unsigned kCapacity = 256;

  /* A snapshot, for all who look without the lock. Sequentially consistent, like the store of a push: see TaskPool. */
  bool is_empty() const { return size_.load(std::memory_order_seq_cst) == 0; }
  bool is_full() const { return size_.load(std::memory_order_relaxed) == kCapacity; }

  /* False when it is full. Callable from: the owner. */
  bool push(ExplicitTask &task) {
    std::lock_guard<Guard> hold(guard_);
    const unsigned size = size_.load(std::memory_order_relaxed);
    if (size == kCapacity) return false;
    ring_[(oldest_ + size) % kCapacity] = &task;
    size_.store(size + 1, std::memory_order_seq_cst);
    return true;
  }

  /* The newest task, if the owner may run it. */
  ExplicitTask *pop(const Task *tied) {
    if (is_empty()) return nullptr;
    std::lock_guard<Guard> hold(guard_);
    const unsigned size = size_.load(std::memory_order_relaxed);
    if (size == 0) return nullptr;
    ExplicitTask *task = ring_[(oldest_ + size - 1) % kCapacity];
    if (!may_run(*task, tied)) return nullptr;
    size_.store(size - 1, std::memory_order_relaxed);
    return task;
  }

  /* The oldest task, if the caller may run it. */
  ExplicitTask *steal(const Task *tied) {
    if (is_empty()) return nullptr;
    std::lock_guard<Guard> hold(guard_);
    const unsigned size = size_.load(std::memory_order_relaxed);
    if (size == 0) return nullptr;
    ExplicitTask *task = ring_[oldest_];
    if (!may_run(*task, tied)) return nullptr;
    oldest_ = (oldest_ + 1) % kCapacity;
    size_.store(size - 1, std::memory_order_relaxed);
    return task;
  }

  /* Whether pop or steal would find one now. */
  bool has_for(const Task *tied) {
    if (is_empty()) return false;
    if (tied == nullptr) return true;
    std::lock_guard<Guard> hold(guard_);
    const unsigned size = size_.load(std::memory_order_relaxed);
    return size != 0 && (may_run(*ring_[oldest_], tied) || may_run(*ring_[(oldest_ + size - 1) % kCapacity], tied));
  }

  /* A thread in the middle of a tied task may begin only what descends from it, or it could wait for a lock that it holds
   * itself (OpenMP 5.2, 12.9). `tied` is the innermost such task, NULL at a barrier. */
  static bool may_run(const ExplicitTask &task, const Task *tied) {
    return tied == nullptr || !task.is_tied || descends_from(&task, tied);
  }

 private:
  std::atomic<unsigned> size_{0}; /* written under the guard */
  unsigned oldest_ = 0;
  Guard guard_;
  ExplicitTask *ring_[kCapacity];
};

}  // namespace harts::omp

#endif
