#include "lithe/rwlock.h"

#include <atomic>

#include "lithe/error.h"
#include "park.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// `state`: bit 31 a writer holds it, bit 30 contexts wait, bit 29 one of them insists, below it the number of readers. The
// two bits about waiting change only under `guard`; bit 30 is set exactly while the queue is not empty.
//
// Without bit 29 anybody may take the lock by compare-exchange as soon as it allows it. Who frees it while bit 30 is set
// wakes the first in the queue, and with a reader the readers behind it; they try again, and go to the front of the queue
// when they lose. So whenever the lock is free somebody is awake who will try it.
//
// With bit 29 nobody takes the lock but by being handed it, in the order of the queue: `state` then changes only under
// `guard`, and what `hand_on` decides cannot be overtaken.
//
// Memory order: who leaves releases `state`, who takes it acquires it. Who is handed the lock does not look at `state`: it
// learns all from the one who hands it, who therefore acquires what those released who left without the guard, before
// anybody insisted. They changed `state` by compare-exchange, so the last value carries the releases of all of them.
//
// Who unlocks touches the lock last when it frees it, or holds the guard while somebody is linked, or claimed and not
// unblocked yet, who cannot have left.

using namespace lithe::core;

namespace {

constexpr uint32_t writing = 1u << 31, waited_for = 1u << 30, insisted = 1u << 29, most_readers = insisted - 1;
enum Role : uint32_t { reader, writer };

std::atomic_ref<uint32_t> state_of(lithe_rwlock_t *rwlock) { return std::atomic_ref<uint32_t>(rwlock->state); }
uint32_t readers_in(uint32_t state) { return state & most_readers; }
bool is_free(uint32_t state) { return (state & writing) == 0 && readers_in(state) == 0; }

// Whether one more may be inside, never mind who waits.
bool has_room(uint32_t state, uint32_t role) {
  return role == writer ? is_free(state) : (state & writing) == 0 && readers_in(state) < most_readers;
}
uint32_t entered(uint32_t state, uint32_t role) { return role == writer ? state | writing : state + 1; }
uint32_t left(uint32_t state) { return (state & writing) ? state & ~writing : state - 1; }

bool try_enter(lithe_rwlock_t *rwlock, Role role) {
  uint32_t state = state_of(rwlock).load(std::memory_order_relaxed);
  while ((state & insisted) == 0 && has_room(state, role)) {
    if (state_of(rwlock).compare_exchange_weak(state, entered(state, role), std::memory_order_acquire,
                                               std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// False when the caller may enter: it shall try again.
bool enqueue(lithe_rwlock_t *rwlock, lithe_waiter *waiter, bool has_lost) {
  Locked lock(&rwlock->guard);
  const bool has_lost_enough = waiter->insists;
  uint32_t state = state_of(rwlock).load(std::memory_order_relaxed);
  uint32_t wanted;
  do {
    if ((state & insisted) == 0 && has_room(state, waiter->role)) return false;
    // Readers that keep overlapping would never leave a writer a moment at which it could compete.
    waiter->insists = has_lost_enough || (waiter->role == writer && readers_in(state) > 0);
    wanted = state | waited_for | (waiter->insists ? insisted : 0);
  } while (!state_of(rwlock).compare_exchange_weak(state, wanted, std::memory_order_relaxed));
  if (has_lost) {
    waiters_push_front(rwlock->head, rwlock->tail, waiter);
  } else {
    waiters_push(rwlock->head, rwlock->tail, waiter);
  }
  return true;
}

// Claims waiters from the front: the first, and with a reader all readers up to the next writer. Those that have timed
// out are passed over.
lithe_waiter *take_group(lithe_rwlock_t *rwlock) {
  lithe_waiter *first = nullptr;
  lithe_waiter **link = &first;
  for (lithe_waiter *waiter = rwlock->head; waiter;) {
    lithe_waiter *const after = waiter->next;
    if (first && waiter->role == writer && waiter->is_waiting()) break;
    if (waiter->claim(lithe_waiter::given)) {
      waiters_unlink(rwlock->head, rwlock->tail, waiter);
      *link = waiter;
      link = &waiter->next;
      if (waiter->role == writer) break;
    }
    waiter = after;
  }
  return first;
}

// The bits about waiting as the queue has them now. Under the guard.
uint32_t waiting_bits(const lithe_rwlock_t *rwlock) {
  uint32_t bits = rwlock->head ? waited_for : 0;
  for (const lithe_waiter *waiter = rwlock->head; waiter; waiter = waiter->next) {
    if (waiter->insists && waiter->is_waiting()) bits |= insisted;
  }
  return bits;
}

// Without bit 29: somebody was unlinked, the bits follow. Others may change the rest of `state` meanwhile.
void note_queue(lithe_rwlock_t *rwlock) {
  const uint32_t bits = waiting_bits(rwlock);
  uint32_t state = state_of(rwlock).load(std::memory_order_relaxed);
  while (!state_of(rwlock).compare_exchange_weak(state, (state & ~(waited_for | insisted)) | bits,
                                                 std::memory_order_relaxed)) {
  }
}

// Under the guard, with bit 29: `state` is what it would be without the one who leaves. Lets in whoever can enter, in
// order, as long as somebody insists; returns them.
lithe_waiter *hand_on(lithe_rwlock_t *rwlock, uint32_t state) {
  lithe_waiter *first = nullptr;
  lithe_waiter **link = &first;
  uint32_t bits = waiting_bits(rwlock);
  for (lithe_waiter *waiter = rwlock->head; waiter && (bits & insisted);) {
    lithe_waiter *const after = waiter->next;
    if (waiter->is_waiting()) {
      if (!has_room(state, waiter->role)) break;
      if (waiter->claim(lithe_waiter::given)) {
        waiters_unlink(rwlock->head, rwlock->tail, waiter);
        waiter->insists = true;  // it holds the lock when it wakes
        *link = waiter;
        link = &waiter->next;
        state = entered(state, waiter->role);
        bits = waiting_bits(rwlock);
      }
    }
    waiter = after;
  }
  // Nobody insists any more: the rest compete, so those who could enter must be awake.
  if ((bits & insisted) == 0) {
    const lithe_waiter *next = rwlock->head;
    while (next && !next->is_waiting()) next = next->next;
    if (next && has_room(state, next->role)) *link = take_group(rwlock);
    bits = waiting_bits(rwlock);
  }
  state_of(rwlock).store((state & ~(waited_for | insisted)) | bits, std::memory_order_release);
  return first;
}

// A waiter that timed out leaves the queue. Whoever waited only because of it gets in.
void forsake(lithe_rwlock_t *rwlock, lithe_waiter *waiter) {
  lithe_waiter *next = nullptr;
  {
    Locked lock(&rwlock->guard);
    if (!waiter->is_linked) return;
    waiters_unlink(rwlock->head, rwlock->tail, waiter);
    const uint32_t state = state_of(rwlock).load(std::memory_order_acquire);  // as in unlock
    if (state & insisted) {
      next = hand_on(rwlock, state);
    } else {
      note_queue(rwlock);
    }
  }
  waiters_unblock(next);
}

int enter(lithe_rwlock_t *rwlock, Role role, uint64_t deadline) {
  if (try_enter(rwlock, role)) return 0;
  stress_point();
  for (SpinForLock spin; spin.again();) {
    if (try_enter(rwlock, role)) return 0;
  }
  return wait_in_competition(
      deadline, role, [&](lithe_waiter *waiter, bool has_lost) { return enqueue(rwlock, waiter, has_lost); },
      [&](lithe_waiter *waiter) { forsake(rwlock, waiter); }, [&] { return try_enter(rwlock, role); });
}

}  // namespace

extern "C" {

int lithe_rwlock_init(lithe_rwlock_t *rwlock) {
  *rwlock = LITHE_RWLOCK_INITIALIZER;
  return 0;
}

int lithe_rwlock_destroy(lithe_rwlock_t *rwlock) {
  Locked lock(&rwlock->guard);
  return state_of(rwlock).load(std::memory_order_acquire) == 0 ? 0 : LITHE_EBUSY;
}

int lithe_rwlock_rdlock(lithe_rwlock_t *rwlock) { return enter(rwlock, reader, LITHE_FOREVER); }

int lithe_rwlock_wrlock(lithe_rwlock_t *rwlock) { return enter(rwlock, writer, LITHE_FOREVER); }

int lithe_rwlock_tryrdlock(lithe_rwlock_t *rwlock) { return try_enter(rwlock, reader) ? 0 : LITHE_EBUSY; }

int lithe_rwlock_trywrlock(lithe_rwlock_t *rwlock) { return try_enter(rwlock, writer) ? 0 : LITHE_EBUSY; }

int lithe_rwlock_timedrdlock(lithe_rwlock_t *rwlock, uint64_t deadline) { return enter(rwlock, reader, deadline); }

int lithe_rwlock_timedwrlock(lithe_rwlock_t *rwlock, uint64_t deadline) { return enter(rwlock, writer, deadline); }

int lithe_rwlock_unlock(lithe_rwlock_t *rwlock) {
  uint32_t state = state_of(rwlock).load(std::memory_order_relaxed);
  for (;;) {
    if (is_free(state)) return LITHE_EPERM;
    const bool wakes = (state & waited_for) != 0 && ((state & insisted) != 0 || is_free(left(state)));
    if (!wakes) {
      if (state_of(rwlock).compare_exchange_weak(state, left(state), std::memory_order_release,
                                                 std::memory_order_relaxed)) {
        return 0;
      }
      continue;
    }
    lithe_waiter *next;
    {
      Locked lock(&rwlock->guard);
      state = state_of(rwlock).load(std::memory_order_acquire);
      if ((state & waited_for) == 0) continue;  // those who waited have timed out and left
      if (state & insisted) {
        next = hand_on(rwlock, left(state));
      } else {
        // Another reader may come or go at the same time: only the last one out wakes.
        if (!is_free(left(state))) continue;
        if (!state_of(rwlock).compare_exchange_strong(state, left(state), std::memory_order_release,
                                                      std::memory_order_relaxed)) {
          continue;
        }
        next = take_group(rwlock);
        note_queue(rwlock);
      }
    }
    stress_point();
    waiters_unblock(next);
    return 0;
  }
}

}  // extern "C"
