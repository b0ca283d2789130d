#ifndef LITHE_OFFLOAD_H
#define LITHE_OFFLOAD_H

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Syscall offload: code that knows nothing of harts and blocks in the kernel becomes cooperative.
 *
 * The kernel tells the runtime of every system call that a context makes (Syscall User Dispatch, a SIGSYS on the
 * context's own stack). Calls that may block (sleeping, waiting for a futex, polling, reading or writing what is not
 * ready, accepting, connecting, waiting for children, locking files) are made in a blocking section, without the hart;
 * all others are made at once. Contexts only: a guest's own calls are not touched.
 *
 * The price: each system call of a context costs a signal more, 1 to 3 us. A context that starts a thread or a process
 * makes its other calls undisturbed until it is next resumed. SIGSYS belongs to the runtime from then on.
 *
 * lithe_offload_start switches it on for the life of the process; so does HARTS_OFFLOAD=1 in the environment.
 * Callable from: anywhere, before any context or guest has had a hart. Errors: LITHE_ENOTSUP where the kernel (before
 * 5.11) or the processor (other than x86-64) does not offer it, LITHE_EBUSY when harts have been at work already or the
 * program handles SIGSYS. */
LITHE_API int lithe_offload_start(void);

/* How many system calls were seen, and how many of them gave up their hart. Callable from: anywhere. */
LITHE_API void lithe_offload_counts(unsigned long *seen, unsigned long *offloaded);

LITHE_END_DECLS

#endif
