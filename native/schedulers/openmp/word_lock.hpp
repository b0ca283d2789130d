/* A lock in one 32-bit word, for omp_lock_t (four bytes by ABI), critical sections and atomics.
 *
 * The word is 0 when the lock is free, else the owner's mark, with kWaiters added while contexts wait. Waiters stand in
 * a queue beside the word: a small table of queues, found by the word's address. A waiter blocks its context, so its
 * hart goes on with other work; it is woken in FIFO order, but newcomers may overtake it. */
#ifndef HARTS_OPENMP_WORD_LOCK_HPP
#define HARTS_OPENMP_WORD_LOCK_HPP

#include <atomic>
#include <cstdint>

#include "lithe/context.h"

namespace harts::omp {

class WordLock {
 public:
  /* The usual mark of a lock whose owner does not matter. Marks are 1 .. 2^31-1. */
  static constexpr uint32_t kTaken = 1;

  void lock(uint32_t mark = kTaken) {
    uint32_t free = 0;
    if (!word_.compare_exchange_strong(free, mark, std::memory_order_acquire, std::memory_order_relaxed)) {
      lock_slow(mark);
    }
  }

  bool try_lock(uint32_t mark = kTaken) {
    uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & ~kWaiters) == 0) {
      if (word_.compare_exchange_weak(word, word | mark, std::memory_order_acquire, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  void unlock(uint32_t mark = kTaken) {
    uint32_t word = mark;
    if (!word_.compare_exchange_strong(word, 0, std::memory_order_release, std::memory_order_relaxed)) unlock_slow();
  }

  /* The owner's mark, 0 when it is free; a snapshot. */
  uint32_t owner() const { return word_.load(std::memory_order_relaxed) & ~kWaiters; }

  /* The lock that lives in memory of the program's own. */
  static WordLock &at(void *memory) { return *static_cast<WordLock *>(memory); }

 private:
  static constexpr uint32_t kWaiters = 0x80000000u;

  struct Waiter;
  struct Queue;
  static Queue &queue_of(const WordLock *lock);
  static void enqueue(lithe_context_t *context, void *arg);
  void lock_slow(uint32_t mark);
  void unlock_slow();

  std::atomic<uint32_t> word_{0};
};

static_assert(sizeof(WordLock) == 4, "omp_lock_t has four bytes");

}  // namespace harts::omp

#endif
