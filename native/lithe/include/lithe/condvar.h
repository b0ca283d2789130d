#ifndef LITHE_CONDVAR_H
#define LITHE_CONDVAR_H

#include "lithe/export.h"
#include "lithe/mutex.h"

LITHE_BEGIN_DECLS

/* A condition variable for contexts, guests and plain threads.
 *
 * Fairness: FIFO, signal wakes the longest waiter. No spurious wake-ups, but test your condition in a loop all the
 * same: another context may have run first. */
typedef struct lithe_condvar {
  uint32_t guard;
  uint32_t is_waited_for;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_condvar_t;

/* Static initialisation. */
#define LITHE_CONDVAR_INITIALIZER \
  { 0, 0, 0, 0 }

/* Callable from: anywhere. */
LITHE_API int lithe_condvar_init(lithe_condvar_t *condvar);
/* Errors: LITHE_EBUSY when a context waits. */
LITHE_API int lithe_condvar_destroy(lithe_condvar_t *condvar);
/* Unlocks `mutex` and blocks, as one step; holds it again on return, whatever the result. Callable from: the context
 * that holds `mutex`. Errors: LITHE_EPERM when a recursive or errorcheck mutex is not the caller's own, or is locked
 * more than once, LITHE_ENOMEM (see lithe_context_self); it has not waited then. */
LITHE_API int lithe_condvar_wait(lithe_condvar_t *condvar, lithe_mutex_t *mutex);
/* The same until `deadline`. Errors: also LITHE_ETIMEDOUT, with the mutex held; LITHE_EAGAIN or LITHE_ENOMEM when the
 * timer thread cannot be started; it has not waited then. */
LITHE_API int lithe_condvar_timedwait(lithe_condvar_t *condvar, lithe_mutex_t *mutex, uint64_t deadline);
/* Wakes one waiter / all waiters, if any. Callable from: anywhere, with or without the mutex. */
LITHE_API int lithe_condvar_signal(lithe_condvar_t *condvar);
LITHE_API int lithe_condvar_broadcast(lithe_condvar_t *condvar);

LITHE_END_DECLS

#endif
