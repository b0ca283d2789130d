#ifndef LITHE_HART_H
#define LITHE_HART_H

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/sched.h"

LITHE_BEGIN_DECLS

/* How many harts this process has: min(PUs in the affinity mask, CPU quota rounded up, HARTS), unless other variables
 * say otherwise; see lithe_topology_get.
 * Callable from: anywhere; starts the runtime. At least 1; negative LITHE_E* when the machine cannot be read. */
LITHE_API int lithe_hart_count(void);

/* The number of the hart that the caller runs on, 0 .. lithe_hart_count()-1 in locality order, or -1 without a hart.
 * Callable from: anywhere. A context may find itself on another hart after every call that can suspend it. */
LITHE_API int lithe_hart_self(void);

/* Adds `delta` to the demand of `sched` and tells its parent (hart_request callback).
 *
 * Callable from: any thread that keeps `sched` entered; parents call it to pass a child's request on. Returns at once;
 * harts arrive later through hart_enter, one call per hart, or never: a scheduler must be able to finish on the hart it
 * was entered with. Requests are deltas so that two of them may overtake each other on the way up and still add up.
 *
 * Errors: LITHE_EINVAL if the demand would become negative; nothing is changed then. */
LITHE_API int lithe_hart_request(lithe_sched_t *sched, int delta);

/* Decision: run `context`, which must belong to the scheduler that decides and be neither running nor queued. */
LITHE_API lithe_decision_t lithe_context_run(lithe_context_t *context);

/* Decision: hand this hart to `child`.
 *
 * The child's hart count is raised by this call, before it returns. Make it while you hold the lock under which
 * child_exit unlinks: then an exiting child either is not found in your list, or sees the raised count and waits. */
LITHE_API lithe_decision_t lithe_hart_grant(lithe_sched_t *child);

/* Decision: give this hart back to the parent. */
LITHE_API lithe_decision_t lithe_hart_yield(void);

LITHE_END_DECLS

#endif
