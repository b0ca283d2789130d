#include "schedulers/openmp/word_lock.hpp"

#include <mutex>

#include "lithe/lithe.h"
#include "schedulers/openmp/guard.hpp"

namespace harts::omp {

/* A context that waits for a lock; on its stack. */
struct WordLock::Waiter {
  WordLock *lock;
  lithe_context_t *context;
  Waiter *next;
};

namespace {

/* Spins before a context blocks: a critical section is short, and a block and wake-up cost some 100 ns. */
constexpr unsigned kSpins = 64;

/* Locks that share a queue disturb each other only while somebody waits. */
constexpr unsigned kQueues = 256;

}  // namespace

struct alignas(64) WordLock::Queue {
  Guard guard;
  Waiter *head = nullptr;
  Waiter *tail = nullptr;
};

WordLock::Queue &WordLock::queue_of(const WordLock *lock) {
  static Queue queues[kQueues];
  const uintptr_t key = reinterpret_cast<uintptr_t>(lock) >> 2;
  return queues[(key ^ (key >> 8) ^ (key >> 16)) % kQueues];
}

/* On the carrier, when the context has left its stack.
 *
 * Lost wake-ups. Here, under the queue's guard: set kWaiters if the lock is taken, then stand in the queue. In
 * unlock_slow, under the same guard: take a waiter out, then write the word, with kWaiters if another waiter of this
 * lock is left. So an owner that did not see kWaiters had freed the lock before it was set, which is seen here. */
void WordLock::enqueue(lithe_context_t *context, void *arg) {
  Waiter &waiter = *static_cast<Waiter *>(arg);
  WordLock &lock = *waiter.lock;
  Queue &queue = queue_of(&lock);
  {
    std::lock_guard<Guard> hold(queue.guard);
    uint32_t word = lock.word_.load(std::memory_order_relaxed);
    while ((word & ~kWaiters) != 0) {
      if ((word & kWaiters) == 0 &&
          !lock.word_.compare_exchange_weak(word, word | kWaiters, std::memory_order_relaxed)) {
        continue;
      }
      waiter.context = context;
      waiter.next = nullptr;
      if (queue.head == nullptr) {
        queue.head = &waiter;
      } else {
        queue.tail->next = &waiter;
      }
      queue.tail = &waiter;
      return;
    }
  }
  lithe_context_unblock(context);
}

void WordLock::lock_slow(uint32_t mark) {
  for (;;) {
    for (unsigned spins = 0; spins < kSpins; ++spins) {
      if (try_lock(mark)) return;
      relax();
    }
    Waiter waiter = {this, nullptr, nullptr};
    lithe_context_block(&enqueue, &waiter);
  }
}

void WordLock::unlock_slow() {
  Queue &queue = queue_of(this);
  lithe_context_t *woken = nullptr;
  {
    std::lock_guard<Guard> hold(queue.guard);
    bool more = false;
    Waiter *previous = nullptr;
    for (Waiter *waiter = queue.head; waiter != nullptr;) {
      Waiter *next = waiter->next;
      if (waiter->lock == this && woken != nullptr) {
        more = true;
        break;
      }
      if (waiter->lock == this) {
        woken = waiter->context;
        (previous != nullptr ? previous->next : queue.head) = next;
        if (queue.tail == waiter) queue.tail = previous;
      } else {
        previous = waiter;
      }
      waiter = next;
    }
    word_.store(more ? kWaiters : 0, std::memory_order_release);
  }
  if (woken != nullptr) lithe_context_unblock(woken);
}

}  // namespace harts::omp
