#ifndef LITHE_CONTEXT_H
#define LITHE_CONTEXT_H

#include <stddef.h>

#include "lithe/export.h"

LITHE_BEGIN_DECLS

typedef struct lithe_sched lithe_sched_t;
typedef struct lithe_context lithe_context_t;

/* A suspended or running flow of control with its own stack and its own thread identity.
 *
 * Made only by lithe_context_create. The fields below are the public face; the runtime keeps more behind them.
 * While a context is neither running nor blocked in a synchronisation object, `next` belongs to its scheduler, which
 * may use it to keep the context in a queue. */
struct lithe_context {
  lithe_context_t *next; /* for the scheduler's queues */
  lithe_sched_t *sched;  /* the scheduler whose callbacks this context's events go to; read only */
  void *user;            /* for the scheduler that created the context; cleared by lithe_context_create */
};

enum {
  /* The context's thread comes from a pool and goes back to it: its thread_local objects keep their values from one
   * use to the next, as in any thread pool, and are destroyed when the pool is trimmed or never. */
  LITHE_CONTEXT_POOLED = 0,
  /* The context has a thread of its own that ends with it: thread_local objects start fresh, and are destroyed when
   * the start function has returned, before the context's storage is reused. */
  LITHE_CONTEXT_FRESH = 1
};

/* How a context is to be made. */
typedef struct lithe_context_attr {
  size_t stack_size; /* bytes, 0 for the default (1 MiB); rounded up to pages, a guard area is added below */
  int identity;      /* LITHE_CONTEXT_POOLED or LITHE_CONTEXT_FRESH */
} lithe_context_attr_t;

/* Makes a context that will run `start(arg)` and belongs to `sched`, which may be NULL (the root scheduler).
 *
 * Callable from: anywhere. The context does not run before a scheduler runs it (lithe_context_run in hart_enter), or,
 * for `sched` == NULL, before lithe_context_unblock hands it to the root scheduler. `attr` may be NULL for defaults.
 * When `start` returns or calls lithe_context_exit, the context_exit callback of its scheduler of that moment gets it
 * for the last time; afterwards the handle is invalid. An exception that leaves `start` ends the process, as with
 * pthreads.
 *
 * Errors: LITHE_EINVAL (attr or start), LITHE_ENOMEM, LITHE_EAGAIN (no kernel thread to be had), those of
 * lithe_topology_get. */
LITHE_API int lithe_context_create(lithe_context_t **out, const lithe_context_attr_t *attr, lithe_sched_t *sched,
                                   void (*start)(void *), void *arg);

/* Gives back a context that has never run. Errors: LITHE_EBUSY if it has. */
LITHE_API int lithe_context_destroy(lithe_context_t *context);

/* The calling context. Callable from anywhere: a thread that the runtime did not make becomes a guest by the first
 * call, and its guest context is returned. Inside a scheduler callback the answer means nothing. NULL only when memory
 * for the guest is exhausted, or the runtime cannot start (lithe_topology_get says why); calls that need a context
 * return LITHE_ENOMEM then. */
LITHE_API lithe_context_t *lithe_context_self(void);

/* Suspends the calling context until lithe_context_unblock(self).
 *
 * Callable from: a context or a guest (EPERM from a callback). Order of events: context_block(self) of its scheduler
 * runs; then `publish(self, arg)` runs, which makes the context known to whoever will unblock it (enqueue it, drop a
 * lock; it may call lithe_context_unblock itself); then the context leaves its stack; then it is marked as safe to
 * resume, and nobody resumes it before. An unblock at any time after `publish` began is therefore harmless. `publish`
 * must not suspend. A guest that holds no hart sleeps in the kernel instead and has no
 * context_block callback. */
LITHE_API int lithe_context_block(void (*publish)(lithe_context_t *self, void *arg), void *arg);

/* Makes a blocked context (or a new one of the root scheduler) runnable again; it runs when its scheduler says so.
 *
 * Callable from: anywhere, any thread. Exactly once for each block. Calls context_unblock(context) of the *context's*
 * scheduler on the caller's stack. The handle may be invalid as soon as the call is made. Errors: LITHE_EAGAIN,
 * LITHE_ENOMEM for a new context of the root scheduler when there is no kernel thread to run it and none can be had;
 * it is the caller's as before then, to be tried again or destroyed. */
LITHE_API int lithe_context_unblock(lithe_context_t *context);

/* Lets other contexts run: context_yield(self) and then hart_enter of the current scheduler.
 * Callable from: a context or a guest; without a hart it is sched_yield. Returns 0. */
LITHE_API int lithe_context_yield(void);

/* Ends the calling context without returning from its start function. Its stack is NOT unwound: destructors of
 * automatic objects do not run. Callable from: a context that lithe_context_create made; elsewhere it returns
 * LITHE_EPERM. */
LITHE_API int lithe_context_exit(void);

/* Gives a context that is not running, and in no queue, to another scheduler; NULL is the root scheduler.
 * Callable from: anywhere, by whoever will unblock the context. Errors: LITHE_EINVAL for a guest inside a scheduler. */
LITHE_API int lithe_context_move(lithe_context_t *context, lithe_sched_t *sched);

/* Nonzero if running `context` now on the calling carrier would need no other kernel thread. Guests run only on their
 * own kernel thread; lithe_context_run on another carrier is correct but costs a hand-off between two kernel threads.
 * Callable from: hart_enter. */
LITHE_API int lithe_context_is_local(const lithe_context_t *context);

/* Ends the kernel threads of idle pooled contexts (their thread_local destructors run) and returns how many ended.
 * Callable from: anywhere. */
LITHE_API size_t lithe_context_pool_trim(void);

LITHE_END_DECLS

#endif
