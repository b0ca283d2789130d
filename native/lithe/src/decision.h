// What is inside a lithe_decision_t, and the count of harts that goes with it.
#pragma once

#include <atomic>

#include "lithe/sched.h"

namespace lithe::core {

enum { decision_yield = 0, decision_run = 1, decision_grant = 2 };

// The count of harts is the lower part of a word; sched.cc says what the rest means. Both loads are sequentially
// consistent, for the invariants of root.h and root_wanting.h.
constexpr long sched_leaving = 1L << 40;
inline long sched_harts(const lithe_sched_t *sched) {
  std::atomic_ref<long> word(const_cast<lithe_sched_t *>(sched)->internal.harts);
  return word.load(std::memory_order_seq_cst) & (sched_leaving - 1);
}
inline long sched_demand(const lithe_sched_t *sched) {
  return std::atomic_ref<long>(const_cast<lithe_sched_t *>(sched)->internal.demand).load(std::memory_order_seq_cst);
}

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
