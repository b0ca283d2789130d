#ifndef LITHE_SEMAPHORE_H
#define LITHE_SEMAPHORE_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

/* A counting semaphore for contexts, guests and plain threads.
 *
 * Fairness: a post wakes the longest waiter, which competes with newcomers for the unit; when it loses it is the first
 * again, and after 8 losses the next unit is handed to it. */
typedef struct lithe_semaphore {
  uint64_t state; /* the runtime's own */
  uint32_t guard;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_semaphore_t;

/* A semaphore with `value` units. Callable from: anywhere. */
LITHE_API int lithe_semaphore_init(lithe_semaphore_t *semaphore, unsigned value);
/* Errors: LITHE_EBUSY when a context waits. */
LITHE_API int lithe_semaphore_destroy(lithe_semaphore_t *semaphore);
/* Takes one unit; blocks while there is none. Callable from: contexts, guests, plain threads. Errors: LITHE_EPERM from a
 * callback, LITHE_ENOMEM (see lithe_context_self). */
LITHE_API int lithe_semaphore_wait(lithe_semaphore_t *semaphore);
/* Errors: LITHE_EBUSY when there is no unit. Callable from: anywhere. */
LITHE_API int lithe_semaphore_trywait(lithe_semaphore_t *semaphore);
/* As lithe_semaphore_wait until `deadline`. Errors: LITHE_ETIMEDOUT, and LITHE_EAGAIN or LITHE_ENOMEM when the timer
 * thread cannot be started; no unit has been taken then. */
LITHE_API int lithe_semaphore_timedwait(lithe_semaphore_t *semaphore, uint64_t deadline);
/* Adds one unit. Callable from: anywhere, also from callbacks. Errors: LITHE_EINVAL when the value would overflow. */
LITHE_API int lithe_semaphore_post(lithe_semaphore_t *semaphore);

LITHE_END_DECLS

#endif
