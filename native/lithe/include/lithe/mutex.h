#ifndef LITHE_MUTEX_H
#define LITHE_MUTEX_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

enum {
  /* No owner is recorded: anybody may unlock, and a context that locks twice waits for ever. The fastest. */
  LITHE_MUTEX_NORMAL = 0,
  /* The owner may lock it again; it is free after as many unlocks. */
  LITHE_MUTEX_RECURSIVE = 1,
  /* Locking it again is LITHE_EDEADLK, unlocking another's LITHE_EPERM. */
  LITHE_MUTEX_ERRORCHECK = 2
};

/* A mutual exclusion lock for contexts, guests and plain threads. A waiter blocks its context; its hart goes on with
 * other work.
 *
 * Fairness: waiters are woken in FIFO order. A woken waiter competes with newcomers; when it loses it is the first again,
 * and after 8 losses the mutex is handed to it. So a waiter is overtaken by at most 8 others for each that is before it. */
typedef struct lithe_mutex {
  uint32_t state;
  uint32_t guard;
  uint32_t kind;
  uint32_t depth;
  lithe_context_t *owner;
  struct lithe_waiter *head;
  struct lithe_waiter *tail;
} lithe_mutex_t;

/* Static initialisation of each kind. */
#define LITHE_MUTEX_INITIALIZER \
  { 0, 0, LITHE_MUTEX_NORMAL, 0, 0, 0, 0 }
#define LITHE_RECURSIVE_MUTEX_INITIALIZER \
  { 0, 0, LITHE_MUTEX_RECURSIVE, 0, 0, 0, 0 }
#define LITHE_ERRORCHECK_MUTEX_INITIALIZER \
  { 0, 0, LITHE_MUTEX_ERRORCHECK, 0, 0, 0, 0 }

/* Makes a free mutex of the normal kind. Errors: none for a valid pointer. Callable from: anywhere. */
LITHE_API int lithe_mutex_init(lithe_mutex_t *mutex);
/* The same of a given kind. Errors: LITHE_EINVAL for an unknown kind. */
LITHE_API int lithe_mutex_init_kind(lithe_mutex_t *mutex, int kind);
/* Errors: LITHE_EBUSY when it is locked or waited for. */
LITHE_API int lithe_mutex_destroy(lithe_mutex_t *mutex);
/* Blocks the calling context until the mutex is its own. Callable from: contexts, guests, plain threads.
 * Errors: LITHE_EDEADLK (errorcheck), LITHE_EAGAIN when a recursive mutex is locked 2^32-1 times, LITHE_EPERM from a
 * callback, LITHE_ENOMEM (see lithe_context_self). */
LITHE_API int lithe_mutex_lock(lithe_mutex_t *mutex);
/* Errors: LITHE_EBUSY when it is locked (by the caller itself too, unless it is recursive). Callable from: anywhere. */
LITHE_API int lithe_mutex_trylock(lithe_mutex_t *mutex);
/* As lithe_mutex_lock until `deadline`. Errors: also LITHE_ETIMEDOUT, and LITHE_EAGAIN or LITHE_ENOMEM when the timer
 * thread cannot be started. A free mutex is taken even when the deadline has passed. */
LITHE_API int lithe_mutex_timedlock(lithe_mutex_t *mutex, uint64_t deadline);
/* Callable from: anywhere; a mutex of the normal kind by any context, others by the owner.
 * Errors: LITHE_EPERM when it is not locked, or another's. */
LITHE_API int lithe_mutex_unlock(lithe_mutex_t *mutex);

LITHE_END_DECLS

#endif
