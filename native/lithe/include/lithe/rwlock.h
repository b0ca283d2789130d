#ifndef LITHE_RWLOCK_H
#define LITHE_RWLOCK_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

/* A lock for many readers or one writer, for contexts, guests and plain threads.
 *
 * Fairness: who waits is woken in FIFO order, readers that wait next to each other together, and competes with
 * newcomers. Whoever has lost 8 times insists, and so does a writer that waits for readers: from then on nobody
 * overtakes it, and it is handed the lock. So neither readers nor writers starve. A context that holds it for reading
 * should not lock it for reading again: behind a writer that insists it would wait for itself. There is no upgrade. */
typedef struct lithe_rwlock {
  uint32_t state; /* the runtime's own */
  uint32_t guard;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_rwlock_t;

/* Static initialisation. */
#define LITHE_RWLOCK_INITIALIZER \
  { 0, 0, 0, 0 }

/* Callable from: anywhere. */
LITHE_API int lithe_rwlock_init(lithe_rwlock_t *rwlock);
/* Errors: LITHE_EBUSY when it is held or waited for. */
LITHE_API int lithe_rwlock_destroy(lithe_rwlock_t *rwlock);
/* Blocks until the caller holds it for reading / for writing. Callable from: contexts, guests, plain threads. Errors:
 * LITHE_EPERM from a callback, LITHE_ENOMEM (see lithe_context_self). */
LITHE_API int lithe_rwlock_rdlock(lithe_rwlock_t *rwlock);
LITHE_API int lithe_rwlock_wrlock(lithe_rwlock_t *rwlock);
/* Errors: LITHE_EBUSY when the caller would have to wait. Callable from: anywhere. */
LITHE_API int lithe_rwlock_tryrdlock(lithe_rwlock_t *rwlock);
LITHE_API int lithe_rwlock_trywrlock(lithe_rwlock_t *rwlock);
/* The same until `deadline`. Errors: also LITHE_ETIMEDOUT, and LITHE_EAGAIN or LITHE_ENOMEM when the timer thread
 * cannot be started. A free lock is taken even when the deadline has passed. */
LITHE_API int lithe_rwlock_timedrdlock(lithe_rwlock_t *rwlock, uint64_t deadline);
LITHE_API int lithe_rwlock_timedwrlock(lithe_rwlock_t *rwlock, uint64_t deadline);
/* Gives back what the caller holds, of either kind. Errors: LITHE_EPERM when nobody holds it. */
LITHE_API int lithe_rwlock_unlock(lithe_rwlock_t *rwlock);

LITHE_END_DECLS

#endif
