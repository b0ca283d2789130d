#include "lithe/mutex.h"

#include <atomic>

#include "lithe/error.h"
#include "park.h"
#include "raw_lock.h"
#include "stress.h"
#include "wait_queue.h"

// `state`: 0 free, bit 0 locked, bit 1 contexts wait. Bit 1 is set exactly while the queue is not empty, and changes
// only under `guard`; bit 0 is set by compare-exchange (acquire) and cleared by the unlocker (release).
//
// Unlock must not touch the mutex once somebody else may have unlocked and freed it. Without waiters it is one
// compare-exchange. With waiters it pops one, under `guard`, before it frees the lock: until that one has been
// unblocked, which is the last thing done, the mutex is still waited for and may not be destroyed.

using namespace lithe::core;

namespace {

constexpr uint32_t locked = 1, waited_for = 2;

// A holder on another hart usually leaves within this many turns; longer waits are worth two stack switches.
constexpr int lock_spins = 64;

std::atomic_ref<uint32_t> state_of(lithe_mutex_t *mutex) { return std::atomic_ref<uint32_t>(mutex->state); }

bool try_take(lithe_mutex_t *mutex) {
  uint32_t state = state_of(mutex).load(std::memory_order_relaxed);
  while ((state & locked) == 0) {
    if (state_of(mutex).compare_exchange_weak(state, state | locked, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

struct Wait {
  lithe_mutex_t *mutex;
  bool has_waited;  // lost against a newcomer: to the front of the queue
};

void publish(lithe_context_t *self, void *argument) {
  Wait *wait = static_cast<Wait *>(argument);
  lithe_mutex_t *mutex = wait->mutex;
  const bool has_waited = wait->has_waited;
  Locked lock(&mutex->guard);
  uint32_t state = state_of(mutex).load(std::memory_order_relaxed);
  for (;;) {
    if ((state & locked) == 0) {
      lock.drop();
      lithe_context_unblock(self);
      return;
    }
    if (state_of(mutex).compare_exchange_weak(state, state | waited_for, std::memory_order_relaxed)) break;
  }
  if (has_waited) {
    wait_queue_push_front(mutex->head, mutex->tail, self);
  } else {
    wait_queue_push(mutex->head, mutex->tail, self);
  }
}

}  // namespace

extern "C" {

int lithe_mutex_init(lithe_mutex_t *mutex) {
  *mutex = LITHE_MUTEX_INITIALIZER;
  return 0;
}

int lithe_mutex_destroy(lithe_mutex_t *mutex) {
  return state_of(mutex).load(std::memory_order_acquire) == 0 ? 0 : LITHE_EBUSY;
}

int lithe_mutex_trylock(lithe_mutex_t *mutex) { return try_take(mutex) ? 0 : LITHE_EBUSY; }

int lithe_mutex_lock(lithe_mutex_t *mutex) {
  if (try_take(mutex)) return 0;
  stress_point();
  for (int turn = 0; turn < lock_spins; ++turn) {
    cpu_relax();
    if (try_take(mutex)) return 0;
  }
  for (Wait wait{mutex, false};; wait.has_waited = true) {
    if (const int code = lithe_context_block(publish, &wait); code != 0) return code;
    if (try_take(mutex)) return 0;
  }
}

int lithe_mutex_unlock(lithe_mutex_t *mutex) {
  uint32_t state = locked;
  if (state_of(mutex).compare_exchange_strong(state, 0, std::memory_order_release, std::memory_order_relaxed)) return 0;
  if ((state & locked) == 0) return LITHE_EPERM;
  lithe_context_t *next;
  {
    Locked lock(&mutex->guard);
    next = wait_queue_pop(mutex->head, mutex->tail);
    state_of(mutex).store(mutex->head ? waited_for : 0, std::memory_order_release);
  }
  stress_point();
  lithe_context_unblock(next);
  return 0;
}

}  // extern "C"
