/* A scheduler in plain C: the C interface must compile as C11, and suffice. */
#ifndef HARTS_TESTING_C_SCHEDULER_H
#define HARTS_TESTING_C_SCHEDULER_H

#include "lithe/lithe.h"

LITHE_BEGIN_DECLS

/* Enters a scheduler of its own, runs body(arg, 0) ... body(arg, count - 1) each in a context, and leaves.
 * Callable from: anywhere that lithe_sched_enter is. Returns 0 or the first error; all that was started has ended. */
int c_scheduler_run(int count, void (*body)(void *arg, int index), void *arg);

LITHE_END_DECLS

#endif
