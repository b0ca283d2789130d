#ifndef LITHE_TRACE_H
#define LITHE_TRACE_H

#include <stddef.h>

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* What harts do, recorded as it happens: which context of which scheduler runs on each hart and from when to when, and
 * the grants, yields, unblocks, parks and wakes in between. Each hart has a ring of events of its own, which its carrier
 * writes without any lock; what no hart causes (a plain thread unblocks a context) goes to one more ring. A full ring
 * overwrites its oldest events. While nothing is recorded, an event costs one branch; otherwise some 50 ns.
 *
 * HARTS_TRACE=file in the environment records from the start of the runtime, 65536 events per hart, and writes the file
 * when the process ends through exit() or a return from main; "%p" in the name becomes the process id. After _exit,
 * a signal that ends the process, or an abort there is no file. A forked child records nothing until it is asked to. */

/* Starts recording; what was recorded before is forgotten. `events_per_hart` is rounded up to a power of two, at least
 * 16. An event takes 48 bytes. The memory stays with the process for the next recording of the same length.
 *
 * Callable from: anywhere; starts the runtime. Errors: LITHE_EINVAL (0, or more than 2^24), LITHE_EBUSY (it is being
 * recorded already), LITHE_ENOMEM, and those of lithe_topology_get. */
LITHE_API int lithe_trace_start(size_t events_per_hart);

/* Stops recording and keeps what was recorded for lithe_trace_write. Harmless when nothing is being recorded.
 * Callable from: anywhere. Returns 0. */
LITHE_API int lithe_trace_stop(void);

/* Writes what was recorded, as JSON in the trace format of Chrome, which ui.perfetto.dev and chrome://tracing show.
 * Recording may go on meanwhile: events that are overwritten while they are being read are left out, never torn.
 *
 * One track per hart: `tid` is the number of the hart + 1, and `tid` = number of harts + 1 is for events outside every
 * hart. On a hart's track there is at most one slice at a time: a context that runs, named and categorised by its
 * scheduler, or `hart_enter`, the scheduler deciding. `args` has the addresses of context and scheduler; a flow leads
 * from each unblock to the moment at which that context runs. `ts` is CLOCK_MONOTONIC in microseconds, rising on each
 * track. `otherData` has the number of events that are lost because their ring was full, or was being written just then.
 *
 * Callable from: anywhere; a context keeps its hart while it writes. The descriptor stays open. Errors: LITHE_EINVAL
 * (nothing was ever recorded), LITHE_ENOMEM, LITHE_EIO (the descriptor took only a part, or nothing). */
LITHE_API int lithe_trace_write(int fd);

LITHE_END_DECLS

#endif
