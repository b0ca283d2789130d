#ifndef LITHE_SPINLOCK_H
#define LITHE_SPINLOCK_H

#include <stdint.h>

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* A lock for a scheduler's own structures, held for a few instructions: the one lock that callbacks may take, because
 * nobody who waits for it blocks. Whoever holds it has preemption disabled (lithe/preemption.h), so that a context that
 * queues something is not switched out, and does not lose its hart to a call of malloc that blocks, while the harts that
 * could bring it back spin on the lock. Everything else is better served by a mutex.
 *
 * Not fair, not recursive. Anything that may suspend is forbidden while it is held. Zero-initialised it is free. */
typedef struct lithe_spinlock {
  uint32_t state;
} lithe_spinlock_t;

/* A lock that is free. */
#define LITHE_SPINLOCK_INITIALIZER \
  { 0 }

/* Callable from: anywhere, callbacks and plain threads included. They cannot fail. */
LITHE_API void lithe_spinlock_lock(lithe_spinlock_t *lock);
LITHE_API void lithe_spinlock_unlock(lithe_spinlock_t *lock);

/* Returns 0 if it was taken, LITHE_EBUSY if somebody holds it. Callable from: as above. */
LITHE_API int lithe_spinlock_trylock(lithe_spinlock_t *lock);

LITHE_END_DECLS

#endif
