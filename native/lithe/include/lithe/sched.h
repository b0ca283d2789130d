#ifndef LITHE_SCHED_H
#define LITHE_SCHED_H

#include "lithe/context.h"
#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* What a scheduler wants done with the hart that it was just given. Made by lithe_context_run, lithe_hart_grant and
 * lithe_hart_yield, and returned by hart_enter; the caller must not look inside. */
typedef struct lithe_decision {
  int kind;
  void *target;
} lithe_decision_t;

/* The contract of a scheduler, on one page. `self` is the scheduler whose table this is.
 *
 * All callbacks may be called on several harts at once, must not block, must not throw, and must not allocate: the
 * context that they are about may have been switched out in the middle of malloc. All but hart_enter are bookkeeping:
 * they may call lithe_hart_request and lithe_context_unblock and nothing else of the runtime that changes state.
 * "Caller's stack" means the stack of whoever made the call that causes the callback. "Hart" means: on the hart that is
 * to be used next, on the carrier's own stack or on that of the context that is leaving it, whichever saves a switch;
 * there lithe_hart_self is right, lithe_context_self is either identity, and suspending is LITHE_EPERM. */
typedef struct lithe_sched_funcs {
  /* `child` has changed its demand by `delta` (already added to lithe_sched_demand(child)). Caller's stack, any thread.
   * A parent normally passes it on: lithe_hart_request(self, delta). */
  void (*hart_request)(lithe_sched_t *self, lithe_sched_t *child, int delta);
  /* Here is a hart: say what it does. Hart. Must return lithe_context_run(context), lithe_hart_grant(child) or
   * lithe_hart_yield(). Called again whenever the hart has nothing to do. */
  lithe_decision_t (*hart_enter)(lithe_sched_t *self);
  /* `child` gives a hart back. Hart. The last moment at which this hart keeps `child` alive: it still counts in
   * lithe_sched_harts(child). hart_enter follows, unless the root
   * wants the hart for somebody who has none: then it goes on upward at once. */
  void (*hart_return)(lithe_sched_t *self, lithe_sched_t *child);
  /* The scheduler was entered / is about to be left by the context that entered it. That context's stack. */
  void (*sched_enter)(lithe_sched_t *self);
  void (*sched_exit)(lithe_sched_t *self);
  /* `child` was entered: link it. / `child` is leaving: unlink it; after this returns it must not be granted a hart.
   * The entering context's stack. See lithe_hart_grant for the lock that both sides share. */
  void (*child_enter)(lithe_sched_t *self, lithe_sched_t *child);
  void (*child_exit)(lithe_sched_t *self, lithe_sched_t *child);
  /* `context` is about to leave its stack in order to block. Hart. By convention: lithe_hart_request(self, -1). */
  void (*context_block)(lithe_sched_t *self, lithe_context_t *context);
  /* `context` can run again: queue it. Caller's stack, any thread, maybe of another scheduler. By convention:
   * lithe_hart_request(self, +1), then queue it; the other way round it may run, block and take the request back before
   * it was made. */
  void (*context_unblock)(lithe_sched_t *self, lithe_context_t *context);
  /* `context` is about to leave its stack in order to let others run: queue it. Hart. */
  void (*context_yield)(lithe_sched_t *self, lithe_context_t *context);
  /* `context` has ended; its handle is invalid when this returns. Hart. By convention: lithe_hart_request(self, -1). */
  void (*context_exit)(lithe_sched_t *self, lithe_context_t *context);
} lithe_sched_funcs_t;

/* A scheduler. Embed it as the first member of your own structure; the memory is yours. */
struct lithe_sched {
  const lithe_sched_funcs_t *funcs;
  const char *name;      /* for dumps and traces; static storage */
  lithe_sched_t *parent; /* set by lithe_sched_enter; read only */
  /* For the parent's bookkeeping from child_enter to child_exit; guarded by the parent's own lock. */
  lithe_sched_t *sibling_next;
  lithe_sched_t *sibling_prev;
  void *parent_data;
  /* The runtime's own. */
  struct {
    long harts;
    long demand;
    long revoked;
    lithe_context_t *main_context;
    lithe_context_t *exit_waiter;
    unsigned char entered;
    unsigned char is_top_level, is_holder, is_in; /* under the root's lock */
    unsigned wants;
    unsigned long entered_look;
    int weight;
    int priority;
    unsigned long used;
    unsigned long served;
    /* Its place among the top-level schedulers that want harts. */
    struct {
      lithe_sched_t *child, *sibling, *before;
    } by_use;
    struct {
      lithe_sched_t *child, *sibling, *before;
    } by_wait;
    unsigned long use_when_put;
    unsigned long waits_since;
    unsigned long turn;
    int level;
    int waits;
  } internal;
};

/* Prepares `sched` for lithe_sched_enter. All eleven callbacks must be set. Errors: LITHE_EINVAL. */
LITHE_API int lithe_sched_init(lithe_sched_t *sched, const lithe_sched_funcs_t *funcs, const char *name);

/* Makes `child` the scheduler of the calling context and of the hart that it runs on.
 *
 * Callable from: a context, or any thread of the process; a thread that holds no hart becomes a guest, a child of the
 * root scheduler, and waits for a hart. Order: the hart moves from parent to child, parent.child_enter(child),
 * child.sched_enter(). Returns on the same stack, inside the child, whose demand is then 1 (this very context).
 *
 * Errors: LITHE_EINVAL (not initialised, or entered already), LITHE_EPERM from a callback, LITHE_ENOMEM, those of
 * lithe_topology_get. */
LITHE_API int lithe_sched_enter(lithe_sched_t *child);

/* Leaves the current scheduler, by the context that entered it.
 *
 * The hart goes back to the parent: child.sched_exit(), parent.child_exit(child). Then waits until no hart is left in
 * the child; the child's memory may be freed when the call returns. All other contexts of the child must have ended,
 * moved or be blocked for good. Errors: LITHE_EPERM if this context did not enter the current scheduler. */
LITHE_API int lithe_sched_exit(void);

/* The current scheduler of the calling context; NULL for a thread outside (it is then a stranger to the root). */
LITHE_API lithe_sched_t *lithe_sched_self(void);

/* How much of the machine a top-level scheduler shall have while others want it too. Between schedulers of the same
 * priority harts are shared in proportion to their weights, measured over time in slices of 2 ms; a higher priority
 * comes before a lower one within a slice, but a scheduler that wants a hart and has had none for 100 ms gets one for a
 * slice, whatever its priority. Weight 1 and priority 0 at first. Schedulers below the top level are their parents' affair.
 *
 * `weight` is 1 to 1000, `priority` -100 to 100. Callable from: anywhere that keeps `sched` alive, before or after it
 * is entered. Errors: LITHE_EINVAL. */
LITHE_API int lithe_sched_set_share(lithe_sched_t *sched, int weight, int priority);

/* How many harts `sched` and its children hold now. Counts and demands both include the children's, so that a parent
 * compares like with like: a child can use another hart while its harts < its demand.
 * Callable from: anywhere that keeps `sched` alive; a snapshot. */
LITHE_API long lithe_sched_harts(const lithe_sched_t *sched);

/* How many harts `sched` and its children could use now; 1 at entry, changed by lithe_hart_request. */
LITHE_API long lithe_sched_demand(const lithe_sched_t *sched);

LITHE_END_DECLS

#endif
