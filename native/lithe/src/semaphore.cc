#include "lithe/semaphore.h"

#include <atomic>

#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// `state`: the low half is the value, bit 32 is set exactly while the queue is not empty, and changes only under
// `guard`. While it is set the value changes only under `guard` too, so a waiter that times out there and a post cannot
// miss each other. A post hands its unit to the first waiter, which owns it when it wakes, so a unit can be neither stolen
// nor lost; units that find only timed-out waiters are added to the value.
//
// A waiter may free the semaphore when it has its unit. So post touches nothing after the value was raised or the
// waiter unblocked, except under the guard while somebody is still linked, who cannot have left.

using namespace lithe::core;

namespace {

constexpr uint64_t waited_for = uint64_t{1} << 32;

std::atomic_ref<uint64_t> state_of(lithe_semaphore_t *semaphore) { return std::atomic_ref<uint64_t>(semaphore->state); }

// With somebody in the queue, newcomers go behind them.
bool try_take(lithe_semaphore_t *semaphore) {
  uint64_t state = state_of(semaphore).load(std::memory_order_relaxed);
  while (state != 0 && (state & waited_for) == 0) {
    if (state_of(semaphore).compare_exchange_weak(state, state - 1, std::memory_order_acquire,
                                                  std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// Under the guard.
bool take_locked(lithe_semaphore_t *semaphore) {
  uint64_t state = state_of(semaphore).load(std::memory_order_relaxed);
  while ((state & ~waited_for) != 0) {
    if (state_of(semaphore).compare_exchange_weak(state, state - 1, std::memory_order_acquire,
                                                  std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool enqueue(lithe_semaphore_t *semaphore, lithe_waiter *waiter) {
  Locked lock(&semaphore->guard);
  for (;;) {
    if (take_locked(semaphore)) return false;
    uint64_t none = state_of(semaphore).load(std::memory_order_relaxed) & waited_for;
    if (state_of(semaphore).compare_exchange_strong(none, waited_for, std::memory_order_relaxed)) break;
  }
  waiters_push(semaphore->head, semaphore->tail, waiter);
  return true;
}

}  // namespace

extern "C" {

int lithe_semaphore_init(lithe_semaphore_t *semaphore, unsigned value) {
  *semaphore = {value, 0, nullptr, nullptr};
  return 0;
}

int lithe_semaphore_destroy(lithe_semaphore_t *semaphore) {
  Locked lock(&semaphore->guard);
  return semaphore->head ? LITHE_EBUSY : 0;
}

int lithe_semaphore_trywait(lithe_semaphore_t *semaphore) {
  if (try_take(semaphore)) return 0;
  const uint64_t state = state_of(semaphore).load(std::memory_order_relaxed);
  if ((state & waited_for) == 0 || state == waited_for) return LITHE_EBUSY;
  // There are units, and waiters that have timed out and not left yet.
  Locked lock(&semaphore->guard);
  return take_locked(semaphore) ? 0 : LITHE_EBUSY;
}

int lithe_semaphore_wait(lithe_semaphore_t *semaphore) { return lithe_semaphore_timedwait(semaphore, LITHE_FOREVER); }

int lithe_semaphore_timedwait(lithe_semaphore_t *semaphore, uint64_t deadline) {
  if (lithe_semaphore_trywait(semaphore) == 0) return 0;
  stress_point();
  lithe_waiter waiter;
  const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) { return enqueue(semaphore, self); });
  if (code != LITHE_ETIMEDOUT) return code;
  Locked lock(&semaphore->guard);
  if (waiter.is_linked) {
    waiters_unlink(semaphore->head, semaphore->tail, &waiter);
    if (!semaphore->head) state_of(semaphore).fetch_and(~waited_for, std::memory_order_relaxed);
  }
  return LITHE_ETIMEDOUT;
}

int lithe_semaphore_post(lithe_semaphore_t *semaphore) {
  uint64_t state = state_of(semaphore).load(std::memory_order_relaxed);
  for (;;) {
    if ((state & waited_for) == 0) {
      if (state == UINT32_MAX) return LITHE_EINVAL;
      if (state_of(semaphore).compare_exchange_weak(state, state + 1, std::memory_order_release,
                                                    std::memory_order_relaxed)) {
        return 0;
      }
      continue;
    }
    lithe_waiter *waiter;
    {
      Locked lock(&semaphore->guard);
      state = state_of(semaphore).load(std::memory_order_relaxed);
      if ((state & waited_for) == 0) continue;
      waiter = waiters_take(semaphore->head, semaphore->tail);
      if (!waiter && (state & ~waited_for) == UINT32_MAX) return LITHE_EINVAL;
      if (!waiter) state_of(semaphore).store(state + 1, std::memory_order_release);
      if (waiter && !semaphore->head) state_of(semaphore).store(state & ~waited_for, std::memory_order_relaxed);
    }
    waiters_unblock(waiter);
    return 0;
  }
}

}  // extern "C"
