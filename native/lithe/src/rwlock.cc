#include "lithe/rwlock.h"

#include <atomic>

#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// `state`: bit 31 a writer holds it, bit 30 contexts wait, below it the number of readers. Bit 30 is set exactly while
// the queue is not empty; while it is set `state` changes only under `guard`, and nobody takes the lock but by being
// given it (`give`). So what `give` decides cannot be overtaken. Without it everything is one compare-exchange.
//
// Who unlocks touches the lock last when it frees it, or holds the guard while somebody is linked; whoever was given the
// lock may free it only after having been unblocked.

using namespace lithe::core;

namespace {

constexpr uint32_t writing = 1u << 31, waited_for = 1u << 30, most_readers = waited_for - 1;
enum Role : uint32_t { reader, writer };

std::atomic_ref<uint32_t> state_of(lithe_rwlock_t *rwlock) { return std::atomic_ref<uint32_t>(rwlock->state); }

// What `state` becomes when one more enters, or 0 when it cannot now.
uint32_t entered(uint32_t state, Role role) {
  if (role == writer) return state == 0 ? writing : 0;
  return (state & (writing | waited_for)) == 0 && state < most_readers ? state + 1 : 0;
}

bool try_enter(lithe_rwlock_t *rwlock, Role role) {
  uint32_t state = state_of(rwlock).load(std::memory_order_relaxed);
  while (const uint32_t wanted = entered(state, role)) {
    if (state_of(rwlock).compare_exchange_weak(state, wanted, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool enqueue(lithe_rwlock_t *rwlock, lithe_waiter *waiter, Role role) {
  Locked lock(&rwlock->guard);
  uint32_t state = state_of(rwlock).load(std::memory_order_relaxed);
  for (;;) {
    const uint32_t inside = entered(state, role);
    const uint32_t wanted = inside ? inside : state | waited_for;
    if (!state_of(rwlock).compare_exchange_weak(state, wanted, std::memory_order_acquire, std::memory_order_relaxed)) {
      continue;
    }
    if (inside) return false;
    break;
  }
  waiter->role = role;
  waiters_push(rwlock->head, rwlock->tail, waiter);
  return true;
}

// Under the guard, with bit 30 set: lets in whoever can enter now, `state` being what it is without the one who
// leaves. Returns those to be unblocked.
lithe_waiter *give(lithe_rwlock_t *rwlock, uint32_t state) {
  lithe_waiter *first = nullptr;
  lithe_waiter **link = &first;
  for (lithe_waiter *waiter = rwlock->head; waiter;) {
    lithe_waiter *const after = waiter->next;
    if (waiter->is_waiting()) {
      const uint32_t wanted = entered(state & ~waited_for, static_cast<Role>(waiter->role));
      if (!wanted) break;
      if (waiter->claim(lithe_waiter::given)) {
        waiters_unlink(rwlock->head, rwlock->tail, waiter);
        *link = waiter;
        link = &waiter->next;
        state = wanted | waited_for;
      }
    }
    waiter = after;
  }
  if (!rwlock->head) state &= ~waited_for;
  state_of(rwlock).store(state, std::memory_order_release);
  return first;
}

int enter(lithe_rwlock_t *rwlock, Role role, uint64_t deadline) {
  if (try_enter(rwlock, role)) return 0;
  stress_point();
  lithe_waiter waiter;
  const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) { return enqueue(rwlock, self, role); });
  if (code != LITHE_ETIMEDOUT) return code;
  lithe_waiter *next = nullptr;
  {
    Locked lock(&rwlock->guard);
    if (waiter.is_linked) {
      waiters_unlink(rwlock->head, rwlock->tail, &waiter);
      // It may have been all that those behind it waited for.
      next = give(rwlock, state_of(rwlock).load(std::memory_order_relaxed));
    }
  }
  waiters_unblock(next);
  return LITHE_ETIMEDOUT;
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
    if ((state & ~waited_for) == 0) return LITHE_EPERM;
    const uint32_t wanted = (state & writing) ? state & ~writing : state - 1;
    if ((state & waited_for) == 0) {
      if (state_of(rwlock).compare_exchange_weak(state, wanted, std::memory_order_release, std::memory_order_relaxed)) {
        return 0;
      }
      continue;
    }
    lithe_waiter *next;
    {
      Locked lock(&rwlock->guard);
      state = state_of(rwlock).load(std::memory_order_relaxed);
      if ((state & waited_for) == 0) continue;  // those who waited have timed out and left
      next = give(rwlock, (state & writing) ? state & ~writing : state - 1);
    }
    stress_point();
    waiters_unblock(next);
    return 0;
  }
}

}  // extern "C"
