// One context that waits in a synchronisation object, perhaps with a deadline; and the queue of an object.
//
// A waiter lives on the stack of the context that waits. Two may want to end the wait at the same time: whoever gives
// the context what it waits for, and the timer. `claim` decides: the first to move `outcome` away from `waiting` has the
// right, and the duty, to unblock the context, exactly once. The other does nothing more with it.
//
// A waiter is linked and unlinked only under the guard of its object. Who gives unlinks what it claimed, under the
// guard. The timer touches no object: a waiter that timed out is still linked when it wakes, and unlinks itself. So an
// object with waiters stays "in use" (destroy: LITHE_EBUSY) until the last of them has gone, and a timer that fires
// late cannot meet an object that was freed. Givers skip waiters that are timed out.
//
// The context may not leave before its timer is out of the queue (TimerQueue::cancel), because the timer is part of
// the waiter. It leaves no trace behind.
//
// Memory order: claim is acquire-release; what passes to the context passes by the runtime's own unblock and resume.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "identity.h"
#include "lithe/context.h"
#include "lithe/error.h"
#include "lithe/timer.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "timer.h"

// In the global namespace, because the public structures name it.
struct lithe_waiter : lithe::core::Timer {
  enum Outcome : uint32_t { waiting, given, timed_out };

  lithe_context_t *context = nullptr;
  lithe_waiter *next = nullptr;
  lithe_waiter *prev = nullptr;
  std::atomic<uint32_t> outcome{waiting};
  bool insists = false;       // it is handed what it waits for, instead of a chance at it
  uint32_t role = 0;          // what it waits for, where an object has several kinds
  bool is_linked = false;     // in its object's queue; under the guard
  const void *key = nullptr;  // for queues that several objects share

  bool claim(Outcome as) {
    uint32_t expected = waiting;
    return outcome.compare_exchange_strong(expected, as, std::memory_order_acq_rel, std::memory_order_relaxed);
  }
  bool is_waiting() const { return outcome.load(std::memory_order_relaxed) == waiting; }
};

namespace lithe::core {

// Locks and semaphores let newcomers overtake those who wait: handing over to a context that has yet to be switched to
// would make everybody wait for that switch, each time (measured: 40 to 90 times slower than pthreads). A waiter gets a
// chance at what was freed. When it has lost that often to newcomers it insists, and is handed the next: the bound on
// starvation that the headers promise.
constexpr int most_losses = 8;

inline void waiters_push(lithe_waiter *&head, lithe_waiter *&tail, lithe_waiter *waiter) {
  waiter->is_linked = true;
  waiter->next = nullptr;
  waiter->prev = tail;
  (tail ? tail->next : head) = waiter;
  tail = waiter;
}

inline void waiters_push_front(lithe_waiter *&head, lithe_waiter *&tail, lithe_waiter *waiter) {
  waiter->is_linked = true;
  waiter->prev = nullptr;
  waiter->next = head;
  (head ? head->prev : tail) = waiter;
  head = waiter;
}

// Does nothing when the waiter is in no queue.
inline void waiters_unlink(lithe_waiter *&head, lithe_waiter *&tail, lithe_waiter *waiter) {
  if (!waiter->is_linked) return;
  waiter->is_linked = false;
  (waiter->prev ? waiter->prev->next : head) = waiter->next;
  (waiter->next ? waiter->next->prev : tail) = waiter->prev;
  waiter->next = waiter->prev = nullptr;
}

// Claims the longest waiter that is still waiting, and unlinks it. Null when there is none.
inline lithe_waiter *waiters_take(lithe_waiter *&head, lithe_waiter *&tail) {
  for (lithe_waiter *waiter = head; waiter; waiter = waiter->next) {
    if (!waiter->claim(lithe_waiter::given)) continue;
    waiters_unlink(head, tail, waiter);
    return waiter;
  }
  return nullptr;
}

// Claims all; returns them as a list linked through `next`, in their order.
inline lithe_waiter *waiters_take_all(lithe_waiter *&head, lithe_waiter *&tail) {
  lithe_waiter *first = nullptr;
  lithe_waiter **link = &first;
  for (lithe_waiter *waiter = head; waiter;) {
    lithe_waiter *const after = waiter->next;
    if (waiter->claim(lithe_waiter::given)) {
      waiters_unlink(head, tail, waiter);
      *link = waiter;
      link = &waiter->next;
    }
    waiter = after;
  }
  return first;
}

// Unblocks what was claimed, without any guard. The links are read before the context may run and its stack may go.
inline void waiters_unblock(lithe_waiter *first) {
  while (first) {
    lithe_context_t *context = first->context;
    first = first->next;
    lithe_context_unblock(context);
  }
}

inline lithe_context_t *waiter_expire(Timer *timer) {
  lithe_waiter *waiter = static_cast<lithe_waiter *>(timer);
  lithe_context_t *context = waiter->context;
  return waiter->claim(lithe_waiter::timed_out) ? context : nullptr;
}

// Blocks the calling context until somebody claims `waiter`, or until `deadline`.
//
// `enqueue(waiter)` runs when the context is about to leave its stack: under the object's guard it links the waiter and
// returns true, or finds that there is nothing to wait for and returns false. Returns 0 when the waiter was given what it
// waited for or `enqueue` said false; LITHE_ETIMEDOUT at the deadline, when the caller must unlink the waiter under the
// guard (at once, and then not linked, when the deadline has passed already); LITHE_EPERM, LITHE_EAGAIN, LITHE_ENOMEM before anything was enqueued.
template <class Enqueue>
int wait_in(lithe_waiter &waiter, uint64_t deadline, Enqueue &&enqueue) {
  struct Frame {
    lithe_waiter *waiter;
    uint64_t deadline;
    std::remove_reference_t<Enqueue> *enqueue;
  } frame{&waiter, deadline, &enqueue};
  waiter.outcome.store(lithe_waiter::waiting, std::memory_order_relaxed);
  waiter.context = identity_self();
  if (!waiter.context) return LITHE_ENOMEM;
  const bool is_timed = deadline != LITHE_FOREVER;
  if (is_timed) {
    waiter.expire = waiter_expire;
    if (deadline <= now_ns()) return LITHE_ETIMEDOUT;
    if (const int code = runtime().timers().prepare(); code != 0) return code;
  }
  const int code = lithe_context_block(
      [](lithe_context_t *self, void *argument) {
        const Frame copy = *static_cast<Frame *>(argument);
        if (!(*copy.enqueue)(copy.waiter)) {
          copy.waiter->claim(lithe_waiter::given);
          lithe_context_unblock(self);
          return;
        }
        // Whoever claims the waiter meanwhile unblocks the context, but nobody resumes it before this function is over:
        // the frame and the waiter are still there.
        if (copy.deadline != LITHE_FOREVER) runtime().timers().arm(copy.waiter, copy.deadline);
      },
      &frame);
  if (code != 0) return code;
  if (is_timed) runtime().timers().cancel(&waiter);
  return waiter.outcome.load(std::memory_order_acquire) == lithe_waiter::timed_out ? LITHE_ETIMEDOUT : 0;
}

// The same for what newcomers may take first. `enqueue(waiter, has_lost)` links the waiter, at the front when it has lost
// before, or returns false when the thing is there; `forsake(waiter)` unlinks one that timed out; `take()` tries to take
// the thing. Returns 0 when it was taken, or handed to a waiter that insists.
template <class Enqueue, class Forsake, class Take>
int wait_in_competition(uint64_t deadline, uint32_t role, Enqueue enqueue, Forsake forsake, Take take) {
  for (int losses = 0;; ++losses) {
    lithe_waiter waiter;
    waiter.role = role;
    waiter.insists = losses >= most_losses;
    bool is_queued = false;
    const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) {
      is_queued = enqueue(self, losses > 0);
      return is_queued;
    });
    if (code == LITHE_ETIMEDOUT) forsake(&waiter);
    if (code != 0) return code;
    if ((is_queued && waiter.insists) || take()) return 0;
  }
}

}  // namespace lithe::core
