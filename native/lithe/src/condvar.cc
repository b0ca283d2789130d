#include "lithe/condvar.h"

#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "wait_queue.h"

// A waiter joins the queue, under `guard`, before it unlocks the mutex, both on the carrier's stack after its own stack
// is left: a signal sent by anybody who takes the mutex afterwards finds it. No other state, so no wake-up can be lost
// or invented.

using namespace lithe::core;

namespace {

struct Wait {
  lithe_condvar_t *condvar;
  lithe_mutex_t *mutex;
};

void publish(lithe_context_t *self, void *argument) {
  const Wait wait = *static_cast<Wait *>(argument);
  {
    Locked lock(&wait.condvar->guard);
    wait_queue_push(wait.condvar->head, wait.condvar->tail, self);
  }
  stress_point();
  lithe_mutex_unlock(wait.mutex);
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
  Wait wait{condvar, mutex};
  if (const int code = lithe_context_block(publish, &wait); code != 0) return code;
  return lithe_mutex_lock(mutex);
}

int lithe_condvar_signal(lithe_condvar_t *condvar) {
  lithe_context_t *waiter;
  {
    Locked lock(&condvar->guard);
    waiter = wait_queue_pop(condvar->head, condvar->tail);
  }
  if (waiter) lithe_context_unblock(waiter);
  return 0;
}

int lithe_condvar_broadcast(lithe_condvar_t *condvar) {
  lithe_context_t *waiters;
  {
    Locked lock(&condvar->guard);
    waiters = condvar->head;
    condvar->head = condvar->tail = nullptr;
  }
  wait_queue_unblock_all(waiters);
  return 0;
}

}  // extern "C"
