#ifndef LITHE_ONCE_H
#define LITHE_ONCE_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

/* Something to be done once, by whoever comes first; the others wait for it to be done.
 * Fairness: all waiters are released at once. */
typedef struct lithe_once {
  uint32_t state;
  uint32_t guard;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_once_t;

/* Static initialisation. */
#define LITHE_ONCE_INITIALIZER \
  { 0, 0, 0, 0 }

/* Runs `action(arg)` unless it has been done; returns when it has. If `action` leaves by a C++ exception, the exception
 * passes to this caller, and the next caller, or one of those that wait, does it again.
 * Callable from: contexts, guests, plain threads. What `action` wrote is visible after. Errors: LITHE_EINVAL for no
 * action, LITHE_EPERM from a callback, LITHE_ENOMEM (see lithe_context_self); it has not waited then. */
LITHE_API int lithe_once_call(lithe_once_t *once, void (*action)(void *), void *arg);
/* The same, but LITHE_EBUSY instead of waiting while somebody else is at it. */
LITHE_API int lithe_once_trycall(lithe_once_t *once, void (*action)(void *), void *arg);
/* The same, but waits for somebody else only until `deadline`. Errors: also LITHE_ETIMEDOUT, and LITHE_EAGAIN or
 * LITHE_ENOMEM when the timer thread cannot be started. */
LITHE_API int lithe_once_timedcall(lithe_once_t *once, void (*action)(void *), void *arg, uint64_t deadline);
/* Errors: LITHE_EBUSY while the action runs or a context waits. Afterwards it can be used anew. */
LITHE_API int lithe_once_destroy(lithe_once_t *once);

LITHE_END_DECLS

#endif
