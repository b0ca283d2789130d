#ifndef LITHE_PREEMPTION_H
#define LITHE_PREEMPTION_H

#include <stdint.h>

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* The monitor, and contexts that do not come to a scheduling point.
 *
 * A kernel thread of the runtime ("lithe-monitor") looks at the harts once in a millisecond while any is at work, and
 * never while none is. What it finds:
 *
 *   A context, or a guest inside a scheduler, is blocked in a system call. Its hart goes on without it within 2 ms, as
 *   between lithe_blocking_begin and lithe_blocking_end, and the call waits for a hart again before the code behind it
 *   goes on. To that end the thread gets SIGURG, and the call is made again in the signal's handler: no call fails with
 *   EINTR because of it, and no timeout becomes shorter; relative ones become up to a period longer. Not for calls that
 *   the kernel does not let be interrupted (a disk that does not answer, a page that is read from one), for those that
 *   start threads, processes or programs, and in code that has called lithe_preemption_disable. Code that blocks often is
 *   better off with the calls in lithe/blocking.h, or with lithe/offload.h.
 *
 *   A context has run for a quantum without a decision of its scheduler. It is asked: lithe_context_should_yield says so
 *   from then on. With lithe_preemption_start it is made to yield, wherever it is.
 *
 * HARTS_MONITOR=0 in the environment switches the monitor off, and leaves SIGURG alone. A handler for SIGURG that the
 * program installed before the first hart was taken is called for signals of other origin; one that is installed later
 * takes the monitor's place. Where the kernel does not say what a thread is blocked in (/proc/<pid>/task/<tid>/syscall),
 * blocked contexts keep their harts. Builds with a sanitizer have no monitor: the handler would run in the middle of the
 * sanitizer's own code. */

/* From now on contexts are switched out when they have run for `quantum_ns` without a scheduling point, 0 for the default
 * of 5 ms, and go on when their scheduler runs them again; context_yield is called for them. Whoever waits for the
 * hart waits for two quanta at most. HARTS_PREEMPT=1 in the environment does the same with the default.
 *
 * What contexts do becomes interruptible at every instruction, as that of threads is. A scheduler that holds a spin lock,
 * or changes what belongs to the hart it runs on, in code of a context rather than in a callback, has to disable
 * preemption meanwhile. Guests are not switched out.
 *
 * Callable from: anywhere. Errors: LITHE_EINVAL (less than 2 ms, or more than a minute), LITHE_ENOTSUP (no monitor),
 * those of lithe_topology_get. */
LITHE_API int lithe_preemption_start(uint64_t quantum_ns);

/* Contexts keep their harts again. Callable from: anywhere; does nothing when it was not started. */
LITHE_API void lithe_preemption_stop(void);

/* Between the two nothing happens to the calling context between two of its instructions: it is neither switched out nor
 * does a system call of it lose the hart. May be nested. Callable from: anywhere; not across a call that may suspend. */
LITHE_API void lithe_preemption_disable(void);
LITHE_API void lithe_preemption_enable(void);

/* Nonzero when the calling context has run for a quantum (5 ms unless preemption was started with more), or when its hart
 * is wanted elsewhere: a good moment for lithe_context_yield. Costs a few loads.
 * Callable from: anywhere; 0 without a hart. */
LITHE_API int lithe_context_should_yield(void);

LITHE_END_DECLS

#endif
