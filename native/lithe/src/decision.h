// What is inside a lithe_decision_t, and the count of harts that goes with it.
#pragma once

#include "lithe/sched.h"

namespace lithe::core {

enum { decision_yield = 0, decision_run = 1, decision_grant = 2 };

// One hart less for `sched`; wakes the context that waits in lithe_sched_exit when it was the last. `sched` may be gone
// when this returns.
void sched_drop_hart(lithe_sched_t *sched);
// A hart of it goes back to the parent: one less is asked for (lithe_hart_revoke).
void sched_note_return(lithe_sched_t *sched);

// Keeps `sched` from being left while somebody who holds none of its harts is inside one of its callbacks. `sched` may be
// gone when the second returns.
void sched_begin_visit(lithe_sched_t *sched);
void sched_end_visit(lithe_sched_t *sched);
// One hart less, and a visit begins.
void sched_drop_hart_for_visit(lithe_sched_t *sched);

// One hart more. The caller holds the lock that keeps `sched` from exiting.
void sched_add_hart(lithe_sched_t *sched);

}  // namespace lithe::core
