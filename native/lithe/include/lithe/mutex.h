#ifndef LITHE_MUTEX_H
#define LITHE_MUTEX_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* A mutual exclusion lock for contexts, guests and plain threads. A waiter blocks its context; its hart goes on with
 * other work. Not recursive. Waiters are woken in FIFO order, but a woken waiter competes with newcomers (barging), so
 * the order of acquisition is not guaranteed; a waiter that lost against newcomers goes to the front of the queue. */
typedef struct lithe_mutex {
  uint32_t state;
  uint32_t guard;
  lithe_context_t *head;
  lithe_context_t *tail;
} lithe_mutex_t;

#define LITHE_MUTEX_INITIALIZER \
  { 0, 0, 0, 0 }

/* Errors: none for a valid pointer. Callable from: anywhere. */
LITHE_API int lithe_mutex_init(lithe_mutex_t *mutex);
/* Errors: LITHE_EBUSY when it is locked or waited for. */
LITHE_API int lithe_mutex_destroy(lithe_mutex_t *mutex);
/* Blocks the calling context until the mutex is its own. Callable from: contexts, guests, plain threads. */
LITHE_API int lithe_mutex_lock(lithe_mutex_t *mutex);
/* Errors: LITHE_EBUSY when it is locked. Callable from: anywhere. */
LITHE_API int lithe_mutex_trylock(lithe_mutex_t *mutex);
/* Callable from: anywhere, by any context. Errors: LITHE_EPERM when it is not locked. */
LITHE_API int lithe_mutex_unlock(lithe_mutex_t *mutex);

LITHE_END_DECLS

#endif
