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
  uint64_t unblocks;           /* contexts that became ready again */
  uint64_t parks;              /* times an idle hart's carrier went to sleep in the kernel */
  uint64_t wakes;              /* times a sleeping carrier was woken */
  uint64_t handoffs;           /* times a hart moved from one kernel thread to another (guests) */
  uint32_t harts;
  uint32_t harts_busy;      /* harts that are not idle now */
  uint32_t carriers;        /* kernel threads made to carry harts */
  uint32_t contexts;        /* contexts that exist, pooled ones included */
  uint32_t contexts_pooled; /* of these, idle in the pool */
  uint32_t guests;          /* foreign threads known now */
  uint32_t schedulers;      /* schedulers entered and not left now */
  uint64_t context_yields;  /* contexts that let others run */
  uint64_t context_exits;   /* contexts that ended */
  uint64_t decisions;       /* times a scheduler was asked what a hart shall do (hart_enter) */
  uint64_t departures;      /* blocked system calls that the monitor took a hart from */
  uint64_t preemptions;     /* contexts that were switched out (lithe_preemption_start) */
  uint64_t asked_to_yield;  /* contexts that ran for a quantum and were asked */
  uint32_t harts_offline;   /* harts that are not in use now (lithe_hart_limit) */
  uint64_t monitor_looks;   /* times the monitor woke to look at the harts */
  uint32_t harts_busy_most; /* the most harts that were not idle at a time */
  uint64_t age_ns;          /* nanoseconds since the runtime started */
} lithe_stats_t;

/* The counters of one hart. Events that no hart causes, an unblock by a plain thread among them, are in the sums of
 * lithe_stats_t only. */
typedef struct lithe_hart_stats {
  uint64_t schedulers_entered;
  uint64_t grants; /* made by this hart, to itself: the root's grants of idle harts are in the sums only */
  uint64_t yields;
  uint64_t context_switches;
  uint64_t blocks;
  uint64_t context_yields;
  uint64_t context_exits;
  uint64_t decisions;
  uint64_t parks;
  uint64_t handoffs;
  uint64_t departures;
  uint64_t preemptions;
  int is_busy; /* a kernel thread carries it now */
} lithe_hart_stats_t;

/* Callable from: anywhere. Never starts the runtime: all zero before first use. */
LITHE_API void lithe_stats_get(lithe_stats_t *out);

/* The counters of hart 0 .. lithe_hart_count()-1, since the runtime started.
 * Callable from: anywhere; never starts the runtime. Errors: LITHE_EINVAL (no such hart, or no runtime). */
LITHE_API int lithe_stats_hart(int hart, lithe_hart_stats_t *out);

/* Compares, from outside the scheduling protocol, the number of kernel threads that are running with the number of
 * harts: reads the kernel's state of every carrier and every guest that holds a hart.
 *
 * Returns how many carriers are running (state R) beyond the number of harts, 0 when the law holds. A hand-off between
 * two kernel threads is not atomic in the kernel, so an excess counts only when the same threads are still running in
 * three readings in a row, and have used processor time in between. Callable from: any thread that is not itself a carrier.
 * Errors: LITHE_ENOMEM. */
LITHE_API int lithe_stats_oversubscribed(void);

/* Writes to the file descriptor, one line each: every hart; the tree of schedulers with what they hold and demand, and
 * below each its contexts with state, start function and, for guests, the kernel's thread id; contexts outside every
 * scheduler; the names of the start functions, as the dynamic linker knows them.
 *
 * For deadlines and debuggers: waits for no lock of the runtime or of a scheduler, allocates nothing and ends, so it
 * works while every carrier is wedged. The text is a snapshot that may be torn. Names come last because the linker has
 * a lock of its own. Callable from: anywhere but a signal handler (see lithe_dump_on_signal); takes 24 KiB of stack. */
LITHE_API void lithe_dump(int fd);

/* Writes a dump to standard error whenever the process gets signal `signo`, and goes on. HARTS_DUMP_SIGNAL=QUIT (or
 * SIGQUIT, or a number) in the environment asks for it when the runtime starts.
 *
 * A thread made by the first call writes the dump; it can take the signal itself, so it does not matter what all other
 * threads do or block. The handler stays until the process ends; in a forked child the signal has its default again.
 * Callable from: anywhere; does not start the runtime. Errors: LITHE_EINVAL (cannot be caught, or is the sign of a
 * fault), LITHE_EBUSY (the program has a handler for it), LITHE_EAGAIN, LITHE_ENOMEM. */
LITHE_API int lithe_dump_on_signal(int signo);

LITHE_END_DECLS

#endif
