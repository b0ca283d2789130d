#ifndef LITHE_SEMAPHORE_H
#define LITHE_SEMAPHORE_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* A counting semaphore for contexts, guests and plain threads. A post hands its unit to the longest waiter, if any. */
typedef struct lithe_semaphore {
  uint32_t guard;
  uint32_t value;
  lithe_context_t *head;
  lithe_context_t *tail;
} lithe_semaphore_t;

LITHE_API int lithe_semaphore_init(lithe_semaphore_t *semaphore, unsigned value);
/* Errors: LITHE_EBUSY when a context waits. */
LITHE_API int lithe_semaphore_destroy(lithe_semaphore_t *semaphore);
/* Takes one unit; blocks while there is none. Callable from: contexts, guests, plain threads. */
LITHE_API int lithe_semaphore_wait(lithe_semaphore_t *semaphore);
/* Errors: LITHE_EBUSY when there is no unit. Callable from: anywhere. */
LITHE_API int lithe_semaphore_trywait(lithe_semaphore_t *semaphore);
/* Adds one unit. Callable from: anywhere, also from callbacks. Errors: LITHE_EINVAL when the value would overflow. */
LITHE_API int lithe_semaphore_post(lithe_semaphore_t *semaphore);

LITHE_END_DECLS

#endif
