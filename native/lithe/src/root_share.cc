// How the root scheduler shares harts between top-level schedulers: weights and priorities. All functions here are called
// under Root::lock_, unless they say otherwise or take it.
//
// `used` is the time for which a scheduler has held harts, divided by its weight, in nanoseconds; only what was held
// while somebody else wanted harts counts. The next hart goes to the hungry scheduler of the highest priority with the
// least of it, a slice being counted in advance for each hart that it holds now. A scheduler that comes, or that wanted
// nothing for a long time, starts at what the last one that was served had (`clock_`), less a slice at most: nobody can
// save up time.
//
// The bound: a hungry scheduler without any hart is picked before all others when it was served last `patience_ns` ago.
// Harts come back to the root at the latest a slice after somebody is in need (carrier.cc), so with n such schedulers
// each gets a hart within patience_ns + n slices, as long as contexts reach scheduling points.
#include <atomic>

#include "lithe/error.h"
#include "lithe/hart.h"
#include "lithe/sched.h"
#include "park.h"
#include "raw_lock.h"
#include "root.h"

namespace lithe::core {
namespace {

constexpr uint64_t patience_ns = 100'000'000;

std::atomic_ref<unsigned long> used_by(lithe_sched_t *child) {
  return std::atomic_ref<unsigned long>(child->internal.used);
}
std::atomic_ref<unsigned long> served_at(lithe_sched_t *child) {
  return std::atomic_ref<unsigned long>(child->internal.served);
}

uint64_t weight_of(lithe_sched_t *child) {
  const int weight = std::atomic_ref<int>(child->internal.weight).load(std::memory_order_relaxed);
  return weight > 0 ? static_cast<uint64_t>(weight) : 1;
}

int priority_of(lithe_sched_t *child) {
  return std::atomic_ref<int>(child->internal.priority).load(std::memory_order_relaxed);
}

// As if each hart that it holds had been used up to the end of its slice.
uint64_t use_ahead(lithe_sched_t *child) {
  const auto harts = static_cast<uint64_t>(lithe_sched_harts(child));
  return used_by(child).load(std::memory_order_relaxed) + harts * Root::slice_ns / weight_of(child);
}

// Without any hart for too long. The first look starts its time.
bool is_overdue(lithe_sched_t *child, uint64_t now) {
  if (lithe_sched_harts(child) > 0) return false;
  const uint64_t served = served_at(child).load(std::memory_order_relaxed);
  if (served == 0) served_at(child).store(now, std::memory_order_relaxed);
  return served != 0 && now - served > patience_ns;
}

}  // namespace

bool Root::comes_before(lithe_sched_t *a, lithe_sched_t *b) const {
  if (priority_of(a) != priority_of(b)) {
    const uint64_t now = now_ns();
    const bool a_overdue = is_overdue(a, now), b_overdue = is_overdue(b, now);
    if (a_overdue != b_overdue) return a_overdue;
    return priority_of(a) > priority_of(b);
  }
  return use_ahead(a) < use_ahead(b);
}

void Root::start_share(lithe_sched_t *child) {
  used_by(child).store(clock_, std::memory_order_relaxed);
  served_at(child).store(0, std::memory_order_relaxed);
}

void Root::note_served(lithe_sched_t *child, Hart *hart) {
  uint64_t used = used_by(child).load(std::memory_order_relaxed);
  if (used + slice_ns < clock_) used_by(child).store(used = clock_ - slice_ns, std::memory_order_relaxed);
  if (used > clock_) clock_ = used;
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

void Root::revoke_what_is_owed() {
  Locked lock(&lock_);
  lithe_sched_t *neediest = nullptr;
  for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
    if (lithe_sched_harts(child) >= lithe_sched_demand(child)) continue;
    if (!neediest || comes_before(child, neediest)) neediest = child;
  }
  for (lithe_sched_t *child = children_; child; child = child->sibling_next) {
    const bool for_child = neediest && child != neediest && needs_more(neediest, child);
    const bool for_context = ready_head_ && lithe_sched_harts(child) > 1;
    const bool is_asked = for_child || for_context;
    lithe_hart_revoke(child, is_asked ? 1 : 0);
  }
}

bool Root::needs_more(lithe_sched_t *child, lithe_sched_t *than) const {
  const long there = lithe_sched_harts(child);
  if (there >= lithe_sched_demand(child)) return false;
  if (priority_of(child) != priority_of(than)) {
    return priority_of(child) > priority_of(than) || is_overdue(child, now_ns());
  }
  if (there == 0) return true;
  // With one more it would still have less than the other has, each by its weight.
  const auto here = static_cast<uint64_t>(lithe_sched_harts(than));
  return static_cast<uint64_t>(there + 1) * weight_of(than) < here * weight_of(child);
}

}  // namespace lithe::core

extern "C" int lithe_sched_set_share(lithe_sched_t *sched, int weight, int priority) {
  if (!sched || weight < 1 || weight > 1000 || priority < -100 || priority > 100) return LITHE_EINVAL;
  std::atomic_ref<int>(sched->internal.weight).store(weight, std::memory_order_relaxed);
  std::atomic_ref<int>(sched->internal.priority).store(priority, std::memory_order_relaxed);
  return 0;
}
