/* liblithe: harts, contexts and schedulers. This header includes the whole C interface; lithe.hpp is its C++ face.
 *
 * A program, or a library that knows nothing of the program, asks for harts by entering a scheduler:
 *
 *   lithe_sched_init(&mine.sched, &my_funcs, "mine");
 *   lithe_sched_enter(&mine.sched);      the calling thread now runs on a hart
 *   lithe_hart_request(&mine.sched, 3);  up to three more may come: my_funcs.hart_enter is called on each
 *   ...
 *   lithe_sched_exit();                  every hart is back with the parent
 *
 * Nothing starts before the first call; of all signals only SIGURG is taken unasked (lithe/preemption.h); a forked child starts with a fresh runtime. */
#ifndef LITHE_LITHE_H
#define LITHE_LITHE_H

#include "lithe/barrier.h"
#include "lithe/blocking.h"
#include "lithe/condvar.h"
#include "lithe/context.h"
#include "lithe/error.h"
#include "lithe/futex.h"
#include "lithe/hart.h"
#include "lithe/key.h"
#include "lithe/latch.h"
#include "lithe/mutex.h"
#include "lithe/offload.h"
#include "lithe/once.h"
#include "lithe/preemption.h"
#include "lithe/rwlock.h"
#include "lithe/sched.h"
#include "lithe/semaphore.h"
#include "lithe/spinlock.h"
#include "lithe/stats.h"
#include "lithe/timer.h"
#include "lithe/topology.h"
#include "lithe/trace.h"

#endif
