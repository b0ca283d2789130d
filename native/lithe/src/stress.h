// Chaos: seeded disturbance at scheduling points, for tests. LITHE_STRESS=<seed> in the environment; not 0.
//
// Each decision is a function of the seed, of the flow of control that asks, of how often it has asked, and of the place
// in the code. A context's name as a flow follows from that of the flow that made it and how many that one had made; other
// threads are numbered in the order in which they come to it first. So a seed decides alike as long as the flows do the
// same; which of them comes first is up to the kernel.
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>

namespace lithe::core {

// 0 when chaos is off. Set once, when the runtime starts.
extern std::atomic<uint64_t> stress_seed;

inline bool stress_is_on() { return stress_seed.load(std::memory_order_relaxed) != 0; }

// The name of a flow that the caller makes; 0 when chaos is off.
uint64_t stress_name_flow();
// The caller goes on as the flow of that name, from its beginning.
void stress_begin_flow(uint64_t name);

uint64_t stress_draw(const std::source_location &where);
void stress_disturb(const std::source_location &where);
void stress_hold_back(const std::source_location &where);

// Called where two harts may meet: now and then yields the processor, spins or sleeps, so that rare interleavings
// become common. One predictable branch when off, as all functions here.
inline void stress_point(std::source_location where = std::source_location::current()) {
  if (stress_is_on()) [[unlikely]]
    stress_disturb(where);
}

// Called where something has been decided and not sent yet, a grant above all: now and then lets it be late.
inline void stress_delay(std::source_location where = std::source_location::current()) {
  if (stress_is_on()) [[unlikely]]
    stress_hold_back(where);
}

// True once in `turns` calls, for what may happen at any time and seldom does: a wait that ends without a reason, a fast
// path that cannot be taken.
inline bool stress_chance(unsigned turns, std::source_location where = std::source_location::current()) {
  if (!stress_is_on()) [[likely]]
    return false;
  return stress_draw(where) % turns == 0;
}

}  // namespace lithe::core
