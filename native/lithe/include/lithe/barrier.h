#ifndef LITHE_BARRIER_H
#define LITHE_BARRIER_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

/* A reusable barrier for contexts, guests and plain threads: each `parties` arrivals make a round. A waiter spins
 * briefly only while its scheduler holds a hart for every party (design law 4); otherwise it blocks at once and its
 * hart does other work.
 *
 * Fairness: all waiters of a round are released at once; those that blocked become ready in the order of arrival. */
typedef struct lithe_barrier {
  uint64_t round; /* the runtime's own */
  uint32_t parties;
  uint32_t guard;
  uint32_t leaving;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_barrier_t;

/* `parties` >= 1. Errors: LITHE_EINVAL. Callable from: anywhere. */
LITHE_API int lithe_barrier_init(lithe_barrier_t *barrier, unsigned parties);
/* Errors: LITHE_EBUSY when a context waits. Waits for waiters that have been released to have left. */
LITHE_API int lithe_barrier_destroy(lithe_barrier_t *barrier);
/* Blocks until `parties` contexts have called it. Returns 1 to exactly one of them, 0 to the others.
 * Callable from: contexts, guests, plain threads. What was written before is visible after, to all. Errors: LITHE_EPERM
 * from a callback, LITHE_ENOMEM (see lithe_context_self); not arrived then. */
LITHE_API int lithe_barrier_wait(lithe_barrier_t *barrier);
/* Arrives only if the caller is the last, which completes the round: 1. Otherwise nothing happens: LITHE_EBUSY. */
LITHE_API int lithe_barrier_trywait(lithe_barrier_t *barrier);
/* As lithe_barrier_wait until `deadline`. At LITHE_ETIMEDOUT the arrival has been taken back: the round needs another
 * in its place. Errors: also LITHE_EAGAIN or LITHE_ENOMEM when the timer thread cannot be started; not arrived then. */
LITHE_API int lithe_barrier_timedwait(lithe_barrier_t *barrier, uint64_t deadline);

LITHE_END_DECLS

#endif
