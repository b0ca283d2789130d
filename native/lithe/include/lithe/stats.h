#ifndef LITHE_STATS_H
#define LITHE_STATS_H

#include <stdint.h>

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Counters since the runtime started. Always on; each is a sum over per-hart counters, read without stopping anything. */
typedef struct lithe_stats {
  uint64_t schedulers_entered; /* lithe_sched_enter calls */
  uint64_t grants;             /* harts handed from a parent to a child */
  uint64_t yields;             /* harts handed back */
  uint64_t context_switches;   /* contexts resumed by a carrier */
  uint64_t blocks;             /* contexts that blocked */
  uint64_t unblocks;
  uint64_t parks;    /* times an idle hart's carrier went to sleep in the kernel */
  uint64_t wakes;    /* times a sleeping carrier was woken */
  uint64_t handoffs; /* times a hart moved from one kernel thread to another (guests) */
  uint32_t harts;
  uint32_t harts_busy;      /* harts that are not idle now */
  uint32_t carriers;        /* kernel threads made to carry harts */
  uint32_t contexts;        /* contexts that exist, pooled ones included */
  uint32_t contexts_pooled; /* of these, idle in the pool */
  uint32_t guests;          /* foreign threads known now */
  uint32_t schedulers;      /* schedulers entered and not left now */
} lithe_stats_t;

/* Callable from: anywhere. Never starts the runtime: all zero before first use. */
LITHE_API void lithe_stats_get(lithe_stats_t *out);

/* Compares, from outside the scheduling protocol, the number of kernel threads that are running with the number of
 * harts: reads the kernel's state of every carrier and every guest that holds a hart.
 *
 * Returns how many carriers are running (state R) beyond the number of harts, 0 when the law holds. A hand-off between
 * two kernel threads is not atomic in the kernel, so an excess counts only when the same threads are still running in
 * three readings in a row, and have used processor time in between. Callable from: any thread that is not itself a carrier. */
LITHE_API int lithe_stats_oversubscribed(void);

/* Writes harts, the scheduler tree and every context, one line each, to the file descriptor. For deadlines and
 * debuggers: takes no lock that a wedged runtime might hold, so the text is a snapshot that may be torn.
 * Callable from: anywhere. */
LITHE_API void lithe_dump(int fd);

LITHE_END_DECLS

#endif
