// Litmus tests: two or more kernel threads do a few steps each at the same moment, again and again, and no round may end
// with an outcome that the protocol forbids.
#ifndef HARTS_TESTING_LITMUS_HPP
#define HARTS_TESTING_LITMUS_HPP

#include <atomic>
#include <cstdint>
#include <functional>
#include <sched.h>
#include <thread>
#include <vector>

#include "testing/random.hpp"

namespace harts::testing {

/* In each round runs every step once, each in a plain thread of its own, all let go together and each after a delay of a
 * few instructions that differs from round to round; then `check`. `prepare` comes first. Both run in the calling thread,
 * and whatever they touch is ordered with the steps; the steps are ordered with each other by nothing but what they call. */
inline void litmus(int rounds, const std::vector<std::function<void()>> &steps, const std::function<void()> &prepare,
                   const std::function<void()> &check) {
  std::atomic<int> round{0}, done{0};
  std::vector<std::thread> threads;
  for (std::size_t which = 0; which < steps.size(); ++which) {
    threads.emplace_back([&, which] {
      Random random(which + 1);
      for (int mine = 1; mine <= rounds; ++mine) {
        // Not for long in place: there may be fewer processors than threads.
        for (int turn = 0; round.load(std::memory_order_acquire) < mine; ++turn) {
          if (turn > 200) sched_yield();
        }
        for (int delay = random.below(32); delay > 0; --delay) std::atomic_signal_fence(std::memory_order_seq_cst);
        steps[which]();
        done.fetch_add(1, std::memory_order_release);
      }
    });
  }
  const int all = static_cast<int>(steps.size());
  for (int mine = 1; mine <= rounds; ++mine) {
    prepare();
    done.store(0, std::memory_order_relaxed);
    round.store(mine, std::memory_order_release);
    while (done.load(std::memory_order_acquire) < all) sched_yield();
    check();
  }
  for (std::thread &thread : threads) thread.join();
}

/* Waits for a flag without being ordered with who set it: what the tests look for must come from what they test. */
inline void await_unordered(const std::atomic<int> &flag, int value) {
  while (flag.load(std::memory_order_relaxed) != value) sched_yield();
}

}  // namespace harts::testing

#endif
