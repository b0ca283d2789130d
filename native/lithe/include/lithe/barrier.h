#ifndef LITHE_BARRIER_H
#define LITHE_BARRIER_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* A reusable barrier for a fixed number of contexts, guests and plain threads. A waiter spins briefly only while its
 * scheduler holds a hart for every party (design law 4); otherwise it blocks at once and its hart does other work. */
typedef struct lithe_barrier {
  uint32_t parties;
  uint32_t arrived;
  uint32_t generation;
  uint32_t guard;
  uint32_t leaving;
  lithe_context_t *head;
} lithe_barrier_t;

/* `parties` >= 1. Errors: LITHE_EINVAL. */
LITHE_API int lithe_barrier_init(lithe_barrier_t *barrier, unsigned parties);
/* Errors: LITHE_EBUSY when a context waits. Waits for waiters that have been released to have left. */
LITHE_API int lithe_barrier_destroy(lithe_barrier_t *barrier);
/* Blocks until `parties` contexts have called it. Returns 1 to exactly one of them, 0 to the others.
 * Callable from: contexts, guests, plain threads. What was written before is visible after, to all. */
LITHE_API int lithe_barrier_wait(lithe_barrier_t *barrier);

LITHE_END_DECLS

#endif
