#ifndef LITHE_HART_H
#define LITHE_HART_H

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/sched.h"

LITHE_BEGIN_DECLS

/* How many harts this process can have: min(PUs in the affinity mask, HARTS), unless other variables say otherwise; see
 * lithe_topology_get. Does not change; the numbers of harts are below it.
 * Callable from: anywhere; starts the runtime. At least 1; negative LITHE_E* when the machine cannot be read. */
LITHE_API int lithe_hart_count(void);

/* How many of them are in use now, at least 1: no more than the CPU quota, rounded up, nor than the PUs that are left in the
 * affinity mask, nor than lithe_set_harts says. The monitor (lithe/preemption.h) notices a change of quota or mask
 * within about a second while harts are at work, or when they are again; a mask that is changed for the program's
 * threads one by one is noticed when it reaches the thread "lithe-monitor".
 * Callable from: anywhere; starts the runtime. Errors: those of lithe_topology_get. */
LITHE_API int lithe_hart_limit(void);

/* Uses at most `harts` harts from now on. Those that are at work beyond that go back at their next scheduling point after
 * a slice of 2 ms, so nothing is lost; those that are added are given to whoever wants some.
 * Callable from: anywhere; starts the runtime. Errors: LITHE_EINVAL (less than 1, or more than lithe_hart_count()),
 * those of lithe_topology_get. */
LITHE_API int lithe_set_harts(int harts);

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

/* Asks `child` for harts back: from now on lithe_sched_revoked(child) is `harts`, and one less for each hart that it gives
 * back; 0 takes the request back. A request, no order: the child may honour it in its next hart_enter, later, or never.
 * The root does so with top-level schedulers while another one is in greater need, about once in a millisecond; a hart
 * that has not come back after a slice is taken at its next scheduling point (lithe_sched_set_share).
 *
 * Callable from: the parent, while it keeps the child from leaving (under the lock under which child_exit unlinks, or in a
 * callback about this child). Errors: LITHE_EINVAL (negative, or the child is not entered). */
LITHE_API int lithe_hart_revoke(lithe_sched_t *child, int harts);

/* How many harts the parent of `sched` would like to have back now, 0 nearly always. A scheduler that honours it answers
 * lithe_hart_yield to hart_enter although it has work, unless it is on its last hart, which its parent may not
 * give again soon. Costs a load. Callable from: anywhere that keeps `sched` alive, hart_enter above all. */
LITHE_API long lithe_sched_revoked(const lithe_sched_t *sched);

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
