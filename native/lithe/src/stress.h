// Seeded disturbance at scheduling points, for tests: LITHE_STRESS=<seed> in the environment.
#pragma once

#include <atomic>
#include <cstdint>

namespace lithe::core {

// 0 when stress is off. Set once, when the runtime starts.
extern std::atomic<uint64_t> stress_seed;

void stress_disturb();

// Called where two harts may meet: now and then yields the processor, spins or sleeps, so that rare interleavings
// become common. One predictable branch when off.
inline void stress_point() {
  if (stress_seed.load(std::memory_order_relaxed) != 0) [[unlikely]]
    stress_disturb();
}

}  // namespace lithe::core
