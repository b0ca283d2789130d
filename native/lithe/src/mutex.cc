#include "mutex.h"

#include <atomic>

#include "lithe/error.h"
#include "park.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// `state`: 0 free, bit 0 locked, bit 1 contexts wait. Bit 1 is set exactly while the queue is not empty, and changes
// only under `guard`; bit 0 is set by compare-exchange (acquire) and cleared by the unlocker (release).
//
// Unlock must not touch the mutex once somebody else may have unlocked and freed it. Without waiters it is one
// compare-exchange. With waiters it claims one, under `guard`, before it frees the lock: until that one has been
// unblocked, which is the last thing done, the mutex is still waited for and may not be destroyed. If all waiters have
// timed out they are still linked, which is as good. And if bit 1 has gone before `guard` was taken, it starts again.
//
// `owner` is written by the holder only. Another context may read it at any time, but finds its own address there only
// if it wrote it itself.

using namespace lithe::core;

namespace {

constexpr uint32_t locked = 1, waited_for = 2;

std::atomic_ref<uint32_t> state_of(lithe_mutex_t *mutex) { return std::atomic_ref<uint32_t>(mutex->state); }
std::atomic_ref<lithe_context_t *> owner_of(lithe_mutex_t *mutex) {
  return std::atomic_ref<lithe_context_t *>(mutex->owner);
}

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

// Under the guard. False when the mutex is free: the caller shall try again.
bool enqueue(lithe_mutex_t *mutex, lithe_waiter *waiter, bool has_lost) {
  Locked lock(&mutex->guard);
  uint32_t state = state_of(mutex).load(std::memory_order_relaxed);
  do {
    if ((state & locked) == 0) return false;
  } while (!state_of(mutex).compare_exchange_weak(state, state | waited_for, std::memory_order_relaxed));
  if (has_lost) {
    waiters_push_front(mutex->head, mutex->tail, waiter);
  } else {
    waiters_push(mutex->head, mutex->tail, waiter);
  }
  return true;
}

void forsake(lithe_mutex_t *mutex, lithe_waiter *waiter) {
  Locked lock(&mutex->guard);
  if (!waiter->is_linked) return;
  waiters_unlink(mutex->head, mutex->tail, waiter);
  if (!mutex->head) state_of(mutex).fetch_and(~waited_for, std::memory_order_relaxed);
}

int take_slowly(lithe_mutex_t *mutex, uint64_t deadline) {
  stress_point();
  for (SpinForLock spin; spin.again();) {
    if (try_take(mutex)) return 0;
  }
  return wait_in_competition(
      deadline, 0, [&](lithe_waiter *waiter, bool has_lost) { return enqueue(mutex, waiter, has_lost); },
      [&](lithe_waiter *waiter) { forsake(mutex, waiter); }, [&] { return try_take(mutex); });
}

bool is_own(lithe_mutex_t *mutex, lithe_context_t *self) {
  return owner_of(mutex).load(std::memory_order_relaxed) == self;
}

int lock_again(lithe_mutex_t *mutex) {
  if (mutex->depth == UINT32_MAX) return LITHE_EAGAIN;
  ++mutex->depth;
  return 0;
}

int take_owned(lithe_mutex_t *mutex, uint64_t deadline) {
  lithe_context_t *self = identity_self();
  if (!self) return LITHE_ENOMEM;
  if (is_own(mutex, self)) return mutex->kind == LITHE_MUTEX_RECURSIVE ? lock_again(mutex) : LITHE_EDEADLK;
  if (!try_take(mutex)) {
    if (const int code = take_slowly(mutex, deadline); code != 0) return code;
  }
  owner_of(mutex).store(self, std::memory_order_relaxed);
  mutex->depth = 1;
  return 0;
}

int release(lithe_mutex_t *mutex) {
  for (;;) {
    uint32_t state = locked;
    if (state_of(mutex).compare_exchange_strong(state, 0, std::memory_order_release, std::memory_order_relaxed)) {
      return 0;
    }
    if ((state & locked) == 0) return LITHE_EPERM;
    lithe_waiter *next;
    {
      Locked lock(&mutex->guard);
      if (!mutex->head) continue;
      next = waiters_take(mutex->head, mutex->tail);
      const uint32_t handed = next && next->insists ? locked : 0;
      state_of(mutex).store((mutex->head ? waited_for : 0) | handed, std::memory_order_release);
    }
    stress_point();
    waiters_unblock(next);
    return 0;
  }
}

}  // namespace

namespace lithe::core {

void mutex_release(lithe_mutex_t *mutex) {
  if (mutex->kind != LITHE_MUTEX_NORMAL) {
    mutex->depth = 0;
    owner_of(mutex).store(nullptr, std::memory_order_relaxed);
  }
  release(mutex);
}

bool mutex_can_be_waited_with(lithe_mutex_t *mutex) {
  return mutex->kind == LITHE_MUTEX_NORMAL || (is_own(mutex, identity_self()) && mutex->depth == 1);
}

}  // namespace lithe::core

extern "C" {

int lithe_mutex_init(lithe_mutex_t *mutex) {
  *mutex = LITHE_MUTEX_INITIALIZER;
  return 0;
}

int lithe_mutex_init_kind(lithe_mutex_t *mutex, int kind) {
  if (kind < LITHE_MUTEX_NORMAL || kind > LITHE_MUTEX_ERRORCHECK) return LITHE_EINVAL;
  *mutex = LITHE_MUTEX_INITIALIZER;
  mutex->kind = static_cast<uint32_t>(kind);
  return 0;
}

int lithe_mutex_destroy(lithe_mutex_t *mutex) {
  Locked lock(&mutex->guard);
  return state_of(mutex).load(std::memory_order_acquire) == 0 ? 0 : LITHE_EBUSY;
}

int lithe_mutex_trylock(lithe_mutex_t *mutex) {
  if (mutex->kind == LITHE_MUTEX_NORMAL) return try_take(mutex) ? 0 : LITHE_EBUSY;
  lithe_context_t *self = identity_self();
  if (!self) return LITHE_ENOMEM;
  if (is_own(mutex, self)) return mutex->kind == LITHE_MUTEX_RECURSIVE ? lock_again(mutex) : LITHE_EBUSY;
  if (!try_take(mutex)) return LITHE_EBUSY;
  owner_of(mutex).store(self, std::memory_order_relaxed);
  mutex->depth = 1;
  return 0;
}

int lithe_mutex_lock(lithe_mutex_t *mutex) {
  if (mutex->kind != LITHE_MUTEX_NORMAL) return take_owned(mutex, LITHE_FOREVER);
  return try_take(mutex) ? 0 : take_slowly(mutex, LITHE_FOREVER);
}

int lithe_mutex_timedlock(lithe_mutex_t *mutex, uint64_t deadline) {
  if (mutex->kind != LITHE_MUTEX_NORMAL) return take_owned(mutex, deadline);
  return try_take(mutex) ? 0 : take_slowly(mutex, deadline);
}

int lithe_mutex_unlock(lithe_mutex_t *mutex) {
  if (mutex->kind == LITHE_MUTEX_NORMAL) return release(mutex);
  lithe_context_t *self = identity_self();
  if (!self || !is_own(mutex, self)) return LITHE_EPERM;
  if (--mutex->depth > 0) return 0;
  owner_of(mutex).store(nullptr, std::memory_order_relaxed);
  return release(mutex);
}

}  // extern "C"
