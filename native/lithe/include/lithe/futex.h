#ifndef LITHE_FUTEX_H
#define LITHE_FUTEX_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"
#include "lithe/timer.h"

LITHE_BEGIN_DECLS

/* Waiting for a word in memory to change, as the kernel's futex does it, but for contexts: a waiter's hart does other
 * work. The word is any aligned 32-bit word of the process; nothing is kept in it. Not the kernel's futex: the two do
 * not wake each other. Fairness: FIFO for each word. */

/* Blocks while `*word == expected`, until woken or until `deadline`.
 * Callable from: contexts, guests, plain threads. Returns 0 when woken. Errors: LITHE_EAGAIN when `*word` is not
 * `expected` (also when the timer thread cannot be started), LITHE_ETIMEDOUT, LITHE_ENOMEM, LITHE_EPERM from a callback.
 * The word is read atomically, in one step with joining the queue: a change followed by a wake is never missed. */
LITHE_API int lithe_futex_wait(const uint32_t *word, uint32_t expected, uint64_t deadline);
/* Wakes up to `count` of those that wait for `word`; returns how many. Callable from: anywhere, also from callbacks. The
 * word itself is not touched, so its memory may be gone. */
LITHE_API int lithe_futex_wake(const uint32_t *word, unsigned count);
/* If `*word == expected`, wakes up to `wake` and lets up to `move` others wait for `target` instead, in one step.
 * Returns how many were woken or moved. Errors: LITHE_EAGAIN when `*word` is not `expected`. Callable from: anywhere. */
LITHE_API int lithe_futex_requeue(const uint32_t *word, uint32_t expected, unsigned wake, const uint32_t *target,
                                  unsigned move);

LITHE_END_DECLS

#endif
