// How the root scheduler shares harts between top-level schedulers: weights and priorities. All functions here are called
// under Root::lock_, unless they say otherwise or take it.
//
// `used` is the time for which a scheduler has held harts, divided by its weight, in nanoseconds; only what was held
// while somebody else wanted harts counts. The next hart goes to the hungry scheduler of the highest priority with the
// least of it, a slice being counted in advance for each hart that it holds now. A scheduler that comes, or that wanted
// nothing for a long time, starts at what the last one that was served had (`clock_`), less a slice at most: nobody can
// save up time.
//
// The bound: a hungry scheduler without any hart is picked before all others when it was served last `share_patience_ns` ago.
// Harts come back to the root at the latest a slice after somebody is in need (carrier.cc), so with n such schedulers
// each gets a hart within share_patience_ns + n slices, as long as contexts reach scheduling points.
#include <atomic>

#include "decision.h"
#include "lithe/error.h"
#include "lithe/hart.h"
#include "lithe/sched.h"
#include "park.h"
#include "raw_lock.h"
#include "root.h"
#include "runtime.h"
#include "share.h"
#include "stress.h"

namespace lithe::core {
void Root::start_share(lithe_sched_t *child) {
  used_by(child).store(clock_, std::memory_order_relaxed);
  served_at(child).store(0, std::memory_order_relaxed);
}

void Root::note_served(lithe_sched_t *child, Hart *hart) {
  uint64_t used = used_by(child).load(std::memory_order_relaxed);
  if (used + slice_ns < clock_) used_by(child).store(used = clock_ - slice_ns, std::memory_order_relaxed);
  if (used > clock_) clock_ = used;
  note_holder(child);
  begin_use(hart);
  served_at(child).store(hart->granted_at, std::memory_order_relaxed);
}

// Any carrier with its own hart, without the lock.
void Root::begin_use(Hart *hart) { hart->granted_at = is_contended() ? now_ns() : 0; }

void Root::charge(lithe_sched_t *child, Hart *hart) {
  if (hart->granted_at == 0) return;
  const uint64_t now = now_ns();
  used_by(child).fetch_add((now - hart->granted_at) / weight_of(child), std::memory_order_relaxed);
  served_at(child).store(now, std::memory_order_relaxed);
  hart->granted_at = 0;
}

// Any carrier, or whoever gives a hart up for one, without the lock. `child` may want a hart from here on, or come earlier
// than before, and is looked at afterwards: a visit keeps it alive. Both flags are read after the count was lowered, and
// when another scheduler comes (child_enter), or this one is taken out (Wanting::update), they are written before the
// count is read.
//
// A lone scheduler is left without all that, with one write to its line. If it is alone no longer, or was taken out, by
// the time that the hart has the root's lock, `note_left` makes up for it, before this hart looks for work; nobody else
// need have known earlier.
void Root::take_from(lithe_sched_t *child, Hart *hart) {
  if (hart && Wanting::has(child) && !is_contended()) {
    hart->left = child;
    sched_drop_hart(child);
    return;
  }
  sched_drop_hart_for_visit(child);
  if (wants_hart(child) && (!Wanting::has(child) || is_contended_.load(std::memory_order_seq_cst))) {
    stress_point();
    note_want(child);
  }
  sched_end_visit(child);
}

// Under the lock. The scheduler may have gone, and another may be in its place: that one is looked at for nothing.
void Root::note_left(Hart *hart) {
  const lithe_sched_t *const left = hart->left;
  if (!left) return;
  hart->left = nullptr;
  if (children_ == children_last_) return;
  for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
    if (child == left) wanting_.update(child);
  }
}

// Without the lock.
void Root::note_want(lithe_sched_t *child) {
  Locked lock(&lock_);
  // In a child of fork a scheduler may be another runtime's.
  if (child->internal.is_top_level && child->parent == &handle_.sched) wanting_.update(child);
}

// Looks at those that hold harts only: there are at most as many as harts, and those that have none since the last time.
void Root::revoke_what_is_owed() {
  Locked lock(&lock_);
  lithe_sched_t *const neediest = next_that_wants();
  for (lithe_sched_t *child = children_, *next; child && child->internal.is_holder; child = next) {
    next = child->sibling_next;
    const long harts = sched_harts(child);
    const bool for_child = neediest && child != neediest && Wanting::needs_more(neediest, child);
    const bool for_context = ready_head_ && harts > 1;
    const bool is_asked = for_child || for_context;
    lithe_hart_revoke(child, is_asked ? 1 : 0);
    if (harts > 0 || is_lone(child)) continue;
    child->internal.is_holder = 0;
    unlink_child(child);
    put_last(child);
  }
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" int lithe_sched_set_share(lithe_sched_t *sched, int weight, int priority) {
  if (!sched || weight < 1 || weight > 1000 || priority < lowest_priority || priority > highest_priority) {
    return LITHE_EINVAL;
  }
  std::atomic_ref<int>(sched->internal.weight).store(weight, std::memory_order_relaxed);
  std::atomic_ref<int>(sched->internal.priority).store(priority, std::memory_order_relaxed);
  // It may come earlier now.
  if (Runtime *current = runtime_if_started()) current->root().note_want(sched);
  return 0;
}
