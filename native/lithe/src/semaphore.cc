#include "lithe/semaphore.h"

#include <atomic>

#include "lithe/error.h"
#include "park.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// `state`: the low half is the value, bit 32 is set exactly while the queue is not empty, and changes only under `guard`.
// The value changes by compare-exchange, by anybody. A waiter is linked in the step that finds the value 0, and a post
// that sees bit 32 wakes one: so no unit lies there while somebody sleeps who was not woken for one.
//
// A waiter may free the semaphore when it has its unit. So post touches nothing after the value was raised, except
// under the guard while somebody is linked, or claimed and not unblocked, who cannot have left.

using namespace lithe::core;

namespace {

constexpr uint64_t waited_for = uint64_t{1} << 32;

std::atomic_ref<uint64_t> state_of(lithe_semaphore_t *semaphore) { return std::atomic_ref<uint64_t>(semaphore->state); }
uint32_t value_of(uint64_t state) { return static_cast<uint32_t>(state); }

bool try_take(lithe_semaphore_t *semaphore) {
  uint64_t state = state_of(semaphore).load(std::memory_order_relaxed);
  while (value_of(state) != 0) {
    if (state_of(semaphore).compare_exchange_weak(state, state - 1, std::memory_order_acquire,
                                                  std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// False when there is a unit: the caller shall try again.
bool enqueue(lithe_semaphore_t *semaphore, lithe_waiter *waiter, bool has_lost) {
  Locked lock(&semaphore->guard);
  uint64_t state = state_of(semaphore).load(std::memory_order_relaxed);
  do {
    if (value_of(state) != 0) return false;
  } while (!state_of(semaphore).compare_exchange_weak(state, waited_for, std::memory_order_relaxed));
  if (has_lost) {
    waiters_push_front(semaphore->head, semaphore->tail, waiter);
  } else {
    waiters_push(semaphore->head, semaphore->tail, waiter);
  }
  return true;
}

// Under the guard, after somebody was unlinked.
void note_queue(lithe_semaphore_t *semaphore) {
  if (!semaphore->head) state_of(semaphore).fetch_and(~waited_for, std::memory_order_relaxed);
}

void forsake(lithe_semaphore_t *semaphore, lithe_waiter *waiter) {
  Locked lock(&semaphore->guard);
  waiters_unlink(semaphore->head, semaphore->tail, waiter);
  note_queue(semaphore);
}

// One more unit without regard to waiters. False when there are too many.
bool add(lithe_semaphore_t *semaphore, uint64_t state) {
  do {
    if (value_of(state) == UINT32_MAX) return false;
  } while (!state_of(semaphore).compare_exchange_weak(state, state + 1, std::memory_order_release,
                                                      std::memory_order_relaxed));
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

int lithe_semaphore_trywait(lithe_semaphore_t *semaphore) { return try_take(semaphore) ? 0 : LITHE_EBUSY; }

int lithe_semaphore_wait(lithe_semaphore_t *semaphore) { return lithe_semaphore_timedwait(semaphore, LITHE_FOREVER); }

int lithe_semaphore_timedwait(lithe_semaphore_t *semaphore, uint64_t deadline) {
  if (try_take(semaphore)) return 0;
  stress_point();
  for (SpinForLock spin; spin.again();) {
    if (try_take(semaphore)) return 0;
  }
  return wait_in_competition(
      deadline, 0, [&](lithe_waiter *waiter, bool has_lost) { return enqueue(semaphore, waiter, has_lost); },
      [&](lithe_waiter *waiter) { forsake(semaphore, waiter); }, [&] { return try_take(semaphore); });
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
      if (!(waiter && waiter->insists) && !add(semaphore, state)) {
        // Others may have raised the value to its end. The waiter has units to compete for then.
        note_queue(semaphore);
        lock.drop();
        waiters_unblock(waiter);
        return LITHE_EINVAL;
      }
      note_queue(semaphore);
    }
    stress_point();
    waiters_unblock(waiter);
    return 0;
  }
}

}  // extern "C"
