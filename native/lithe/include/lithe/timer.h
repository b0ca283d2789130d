#ifndef LITHE_TIMER_H
#define LITHE_TIMER_H

#include <stdint.h>

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Deadlines of all timed calls are absolute: nanoseconds of CLOCK_MONOTONIC. One thread of the runtime, started by the
 * first timed wait, serves the deadlines of the whole process and sleeps while there are none. */

/* The deadline that never comes: a timed call with it is the untimed call. */
#define LITHE_FOREVER UINT64_MAX

/* Now, on the clock of deadlines. Callable from: anywhere. */
LITHE_API uint64_t lithe_clock_now(void);

/* The deadline `nanoseconds` from now; LITHE_FOREVER when that is beyond the clock's end. Callable from: anywhere. */
LITHE_API uint64_t lithe_clock_after(uint64_t nanoseconds);

/* Suspends the calling context for at least `nanoseconds`; its hart does other work meanwhile.
 * Callable from: contexts, guests, plain threads (which sleep in the kernel). Errors: LITHE_EPERM from a callback,
 * LITHE_EAGAIN or LITHE_ENOMEM when the timer thread cannot be started; then it has not slept. */
LITHE_API int lithe_sleep(uint64_t nanoseconds);

/* The same until `deadline`; returns at once when that has passed. */
LITHE_API int lithe_sleep_until(uint64_t deadline);

LITHE_END_DECLS

#endif
