#include "lithe/condvar.h"

#include <atomic>

#include "lithe/error.h"
#include "mutex.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// A waiter joins the queue, under `guard`, before it unlocks the mutex, both when it is about to leave its stack: a
// signal sent by anybody who takes the mutex afterwards finds it. No other state, so no wake-up can be lost or invented.
// A signal that meets a waiter which has just timed out goes to the next one.
//
// `is_waited_for` says whether the queue is empty, for signals that meet nobody. It is written under `guard` and read
// without: relaxed is enough, because a signal must find only those waiters that unlocked the mutex before the signaller
// locked it, and the mutex orders their writes before this read.

using namespace lithe::core;

namespace {

std::atomic_ref<uint32_t> is_waited_for(lithe_condvar_t *condvar) {
  return std::atomic_ref<uint32_t>(condvar->is_waited_for);
}

// Under the guard, after the queue has changed.
void note_queue(lithe_condvar_t *condvar) {
  is_waited_for(condvar).store(condvar->head ? 1 : 0, std::memory_order_relaxed);
}

}  // namespace

extern "C" {

int lithe_condvar_init(lithe_condvar_t *condvar) {
  *condvar = LITHE_CONDVAR_INITIALIZER;
  return 0;
}

int lithe_condvar_destroy(lithe_condvar_t *condvar) {
  Locked lock(&condvar->guard);
  return condvar->head ? LITHE_EBUSY : 0;
}

int lithe_condvar_wait(lithe_condvar_t *condvar, lithe_mutex_t *mutex) {
  return lithe_condvar_timedwait(condvar, mutex, LITHE_FOREVER);
}

int lithe_condvar_timedwait(lithe_condvar_t *condvar, lithe_mutex_t *mutex, uint64_t deadline) {
  if (!mutex_can_be_waited_with(mutex)) return LITHE_EPERM;
  lithe_waiter waiter;
  bool has_waited = false;
  const int code = wait_in(waiter, deadline, [&](lithe_waiter *self) {
    {
      Locked lock(&condvar->guard);
      waiters_push(condvar->head, condvar->tail, self);
      note_queue(condvar);
    }
    has_waited = true;
    stress_point();
    mutex_release(mutex);
    return true;
  });
  if (!has_waited) return code;
  if (code == LITHE_ETIMEDOUT) {
    Locked lock(&condvar->guard);
    waiters_unlink(condvar->head, condvar->tail, &waiter);
    note_queue(condvar);
  }
  const int locked = lithe_mutex_lock(mutex);
  return locked != 0 ? locked : code;
}

int lithe_condvar_signal(lithe_condvar_t *condvar) {
  if (is_waited_for(condvar).load(std::memory_order_relaxed) == 0) return 0;
  lithe_waiter *waiter;
  {
    Locked lock(&condvar->guard);
    waiter = waiters_take(condvar->head, condvar->tail);
    note_queue(condvar);
  }
  waiters_unblock(waiter);
  return 0;
}

int lithe_condvar_broadcast(lithe_condvar_t *condvar) {
  if (is_waited_for(condvar).load(std::memory_order_relaxed) == 0) return 0;
  lithe_waiter *waiters;
  {
    Locked lock(&condvar->guard);
    waiters = waiters_take_all(condvar->head, condvar->tail);
    note_queue(condvar);
  }
  waiters_unblock(waiters);
  return 0;
}

}  // extern "C"
