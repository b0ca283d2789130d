#include "lithe/barrier.h"

#include <atomic>
#include <doctest/doctest.h>
#include <memory>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// Every party counts its generations in a slot of its own; between two barriers all slots are equal.
void check_generations(int contexts, int guests, int threads, int generations, bool yields) {
  const int parties = contexts + guests + threads;
  lithe_barrier_t barrier;
  REQUIRE(lithe_barrier_init(&barrier, static_cast<unsigned>(parties)) == 0);
  std::vector<int> slots(static_cast<std::size_t>(parties), 0);  // not atomic: the barrier orders them
  std::atomic<int> serial{0}, wrong{0};
  crowd(contexts, guests, threads, [&](int i) {
    Random random(static_cast<uint64_t>(i));
    for (int generation = 1; generation <= generations; ++generation) {
      slots[static_cast<std::size_t>(i)] = generation;
      serial += lithe_barrier_wait(&barrier);
      const std::size_t other = static_cast<std::size_t>(random.below(parties));
      if (slots[other] != generation) ++wrong;
      if (yields && random.below(4) == 0) lithe_context_yield();
      serial += lithe_barrier_wait(&barrier);
    }
  });
  CHECK(wrong == 0);
  CHECK(serial == 2 * generations);
  CHECK(lithe_barrier_destroy(&barrier) == 0);
}

TEST_CASE("barrier: holds all parties together through thousands of generations") {
  SUBCASE("more contexts than harts") { check_generations(2 * lithe_hart_count() + 3, 0, 0, rounds(5000), false); }
  SUBCASE("as many contexts as harts") { check_generations(lithe_hart_count(), 0, 0, rounds(5000), false); }
  SUBCASE("contexts that also yield") { check_generations(8, 0, 0, rounds(1000), true); }
  SUBCASE("contexts and guests and plain threads") { check_generations(3, 2, 2, rounds(500), true); }
  SUBCASE("plain threads only") { check_generations(0, 0, 3, rounds(500), false); }
  SUBCASE("one party") { check_generations(1, 0, 0, 100, false); }
}

TEST_CASE("barrier: refuses no parties and may not be destroyed while somebody waits") {
  lithe_barrier_t barrier;
  CHECK(lithe_barrier_init(&barrier, 0) == LITHE_EINVAL);
  REQUIRE(lithe_barrier_init(&barrier, 2) == 0);
  Shuffle scheduler;
  scheduler.enter();
  REQUIRE(scheduler.fork([](void *it) { lithe_barrier_wait(static_cast<lithe_barrier_t *>(it)); }, &barrier) == 0);
  while (static_cast<uint32_t>(std::atomic_ref(barrier.round).load()) == 0) lithe_context_yield();
  CHECK(lithe_barrier_destroy(&barrier) == LITHE_EBUSY);
  lithe_barrier_wait(&barrier);
  scheduler.join();
  scheduler.exit();
  CHECK(lithe_barrier_destroy(&barrier) == 0);
}

TEST_CASE("barrier: the serial party may destroy and free it at once") {
  constexpr int parties = 5;
  for (int round = 0; round < rounds(300); ++round) {
    auto *barrier = new lithe_barrier_t;
    REQUIRE(lithe_barrier_init(barrier, parties) == 0);
    std::atomic<int> freed{0};
    crowd(parties - 1, 0, 1, [&](int) {
      if (lithe_barrier_wait(barrier) != 1) return;
      // The others may not even have run yet: destroy must not wait for harts that they need.
      if (lithe_barrier_destroy(barrier) == 0) ++freed;
      delete barrier;
    });
    REQUIRE(freed == 1);
  }
}

}  // namespace
