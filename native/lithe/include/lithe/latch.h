#ifndef LITHE_LATCH_H
#define LITHE_LATCH_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

/* A count that goes down to zero once, for contexts, guests and plain threads: waiting ends when it has.
 * Fairness: all waiters are released at once. */
typedef struct lithe_latch {
  uint32_t count;
  uint32_t guard;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_latch_t;

/* A latch that opens after `count` steps; 0 is open. Callable from: anywhere. */
LITHE_API int lithe_latch_init(lithe_latch_t *latch, unsigned count);
/* To be called before the memory is used otherwise, also by a waiter: it waits for the last lithe_latch_down to have
 * left. Errors: LITHE_EBUSY when a context waits. */
LITHE_API int lithe_latch_destroy(lithe_latch_t *latch);
/* Counts `steps` down. Callable from: anywhere, also from callbacks. Errors: LITHE_EINVAL when fewer are left; nothing
 * is changed then. */
LITHE_API int lithe_latch_down(lithe_latch_t *latch, unsigned steps);
/* Blocks until the count is zero. Callable from: contexts, guests, plain threads. Errors: LITHE_EPERM from a callback,
 * LITHE_ENOMEM (see lithe_context_self). */
LITHE_API int lithe_latch_wait(lithe_latch_t *latch);
/* Errors: LITHE_EBUSY while the count is not zero. Callable from: anywhere. */
LITHE_API int lithe_latch_trywait(const lithe_latch_t *latch);
/* As lithe_latch_wait until `deadline`. Errors: also LITHE_ETIMEDOUT, and LITHE_EAGAIN or LITHE_ENOMEM when the timer
 * thread cannot be started. */
LITHE_API int lithe_latch_timedwait(lithe_latch_t *latch, uint64_t deadline);

LITHE_END_DECLS

#endif
