// What the root scheduler knows of the share of a top-level scheduler; root_share.cc says how it is used.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "decision.h"
#include "lithe/sched.h"

namespace lithe::core {

// How long a hart stays with a top-level scheduler while another scheduler, or a guest, is in need. A switch between two
// schedulers costs a few microseconds and their caches; a tenth of what operating systems use costs well under 1 %.
constexpr uint64_t share_slice_ns = 2'000'000;
// After so long without any hart a scheduler comes before all others.
constexpr uint64_t share_patience_ns = 100'000'000;
constexpr int lowest_priority = -100, highest_priority = 100;

inline std::atomic_ref<unsigned long> used_by(lithe_sched_t *child) {
  return std::atomic_ref<unsigned long>(child->internal.used);
}
inline std::atomic_ref<unsigned long> served_at(lithe_sched_t *child) {
  return std::atomic_ref<unsigned long>(child->internal.served);
}

inline uint64_t weight_of(lithe_sched_t *child) {
  const int weight = std::atomic_ref<int>(child->internal.weight).load(std::memory_order_relaxed);
  return weight > 0 ? static_cast<uint64_t>(weight) : 1;
}

inline int priority_of(lithe_sched_t *child) {
  return std::clamp(std::atomic_ref<int>(child->internal.priority).load(std::memory_order_relaxed), lowest_priority,
                    highest_priority);
}

// As if each hart that it holds had been used up to the end of its slice.
inline uint64_t use_ahead(lithe_sched_t *child) {
  const auto harts = static_cast<uint64_t>(sched_harts(child));
  return used_by(child).load(std::memory_order_relaxed) + harts * share_slice_ns / weight_of(child);
}

// Whether it could use another hart now. Both loads are sequentially consistent: see Wanting, and the invariant in root.h.
inline bool wants_hart(const lithe_sched_t *child) { return sched_harts(child) < sched_demand(child); }

}  // namespace lithe::core
