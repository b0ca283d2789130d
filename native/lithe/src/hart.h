// A hart and its counters.
#pragma once

#include <atomic>
#include <cstdint>

#include "lithe/sched.h"
#include "lithe/topology.h"

namespace lithe::core {

struct Carrier;
struct Context;

// Written only by the carrier of the hart, so an increment needs no atomic read-modify-write; read by anybody.
class Counter {
 public:
  void add() { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct Counters {
  Counter schedulers_entered, schedulers_left, grants, yields, context_switches, blocks, context_yields, context_exits,
      decisions, parks, handoffs, preemptions, departures;
};

// What changes hands with the hart is on the first cache line; what its carrier alone writes, all the time, is not.
// Aligned to two lines, because the adjacent-line prefetcher pairs them.
struct alignas(128) Hart {
  // The scheduler that the hart is with. Owned by the carrier; while the hart is idle or in the mail, by whoever holds
  // the root lock. Readable by others for dumps only.
  std::atomic<lithe_sched_t *> sched{nullptr};
  std::atomic<Carrier *> carrier{nullptr};  // null while idle; written under the root lock or by the carrier itself
  Carrier *last_carrier = nullptr;          // whose caches and pinning fit, and who may still spin; under the root lock
  // In the mail: the context to run before the scheduler is asked, or null. The receiver exchanges it for `taken()`,
  // which stays while the hart is carried; until then a guest that becomes ready may still be put here
  // (Root::hand_over).
  std::atomic<Context *> first{nullptr};
  static Context *taken() { return reinterpret_cast<Context *>(uintptr_t{1}); }
  Hart *idle_next = nullptr;  // under the root lock
  // The top-level scheduler that it has just come from, if the root was not told: Root::take_from. Not to be followed.
  const lithe_sched_t *left = nullptr;
  uint64_t granted_at = 0;  // when the root gave it to a scheduler while others wanted it too; else 0
  // Never written after start. On this line because the root looks here when it chooses between idle harts.
  const uint8_t *distances = nullptr;  // a lithe_topology_distance for each PU that has harts
  uint16_t pu_index = 0;               // its own place in such rows
  uint8_t least_distance = 0;          // from it to any other hart
  // Whether it is to be used now (root_limit.cc). Written under the root lock; its carrier reads it at scheduling points.
  std::atomic<bool> is_wanted{true};
  bool is_offline = false;  // not wanted, and with nobody; under the root lock
  alignas(64) Counters counters;
  int number = 0;
  lithe_hart_place_t place{};
};

}  // namespace lithe::core
