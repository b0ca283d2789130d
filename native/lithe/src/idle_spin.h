// How long an idle carrier spins before it sleeps.
//
// A wait that ends during the spin costs its length in processor time; one that ends later costs the whole spin and a
// wake-up. A wake-up takes 5 us on one machine and 80 us on another, and who waits for 3 us each time should spin where who
// waits for 3 ms should not. So a carrier remembers its last waits, and spins as long as would have been the cheapest
// over them. What it has slept through counts as well, because the mail says when it was sent: a program that begins to
// ask often is noticed although nobody spins.
//
// Spinning longer than a wake-up costs never pays. That cost is measured while the program runs, by those who wake.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace lithe::core {

// What HARTS_SPIN says.
struct SpinLimit {
  uint64_t most_ns = 50'000;
  bool is_fixed = false;  // always that long, whatever has been seen
};

// Reads HARTS_SPIN, `unset` when there is none. 0, or LITHE_EINVAL and a sentence.
int read_spin_environment(SpinLimit unset, SpinLimit &limit, std::string &problem);

// What a wake-up takes, from the sender's decision to the receiver's first instruction: an average that follows.
// Written by any carrier that was woken, relaxed: nothing else depends on it, and two at once may lose a sample.
class WakeCost {
 public:
  void note(uint64_t nanoseconds) {
    constexpr uint64_t most = 200'000;  // longer: the processor was not free
    const int64_t sample = static_cast<int64_t>(nanoseconds < most ? nanoseconds : most);
    const int64_t before = average_.load(std::memory_order_relaxed);
    average_.store(before + (sample - before) / 8, std::memory_order_relaxed);
  }
  uint64_t ns() const { return static_cast<uint64_t>(average_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<int64_t> average_{25'000};
};

// The last waits of one carrier. Touched by it alone.
class IdleSpin {
 public:
  // How long to spin in the wait that begins.
  uint64_t length_ns(const SpinLimit &limit, uint64_t wake_cost_ns) const;
  // A wait is over that took so long, without the wake-up.
  void note(uint64_t waited_ns);

 private:
  static constexpr size_t remembered = 16, enough = 4;
  uint32_t waits_[remembered] = {};
  size_t count_ = 0;
  size_t next_ = 0;
};

}  // namespace lithe::core
