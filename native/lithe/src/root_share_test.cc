// Weights and priorities between top-level schedulers. What is counted is turns of contexts that are always busy, against
// each other in the same run, so the speed of the machine does not matter.
#include <atomic>
#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

constexpr uint64_t millisecond = 1000000;

struct Tenant {
  int weight = 1;
  int priority = 0;
  int contexts = 2;
  uint64_t turns = 0;
};

// Each tenant is a guest with a scheduler of its own, whose contexts do turns of about 50 us until the time is over.
void compete(std::vector<Tenant> &tenants, uint64_t duration) {
  std::atomic<std::size_t> ready{0};
  std::atomic<uint64_t> end{0};
  std::vector<std::thread> threads;
  for (Tenant &tenant : tenants) {
    threads.emplace_back([&] {
      Shuffle scheduler(1, "tenant");
      CHECK(lithe_sched_set_share(scheduler.c(), tenant.weight, tenant.priority) == 0);
      ++ready;
      while (ready < tenants.size()) std::this_thread::yield();
      scheduler.enter();
      uint64_t none = 0;
      end.compare_exchange_strong(none, lithe_clock_now() + duration);
      std::atomic<uint64_t> turns{0};
      each_in(scheduler, tenant.contexts, [&](int) {
        for (uint64_t now = lithe_clock_now(); now < end; now = lithe_clock_now()) {
          ++turns;
          while (lithe_clock_now() - now < 50000) {
          }
          lithe_context_yield();
        }
      });
      scheduler.exit();
      tenant.turns = turns;
    });
  }
  for (auto &thread : threads) thread.join();
}

TEST_CASE("share: bad weights and priorities are refused") {
  Shuffle scheduler;
  CHECK(lithe_sched_set_share(nullptr, 1, 0) == LITHE_EINVAL);
  CHECK(lithe_sched_set_share(scheduler.c(), 0, 0) == LITHE_EINVAL);
  CHECK(lithe_sched_set_share(scheduler.c(), 1001, 0) == LITHE_EINVAL);
  CHECK(lithe_sched_set_share(scheduler.c(), 1, 101) == LITHE_EINVAL);
  CHECK(lithe_sched_set_share(scheduler.c(), 1, -101) == LITHE_EINVAL);
  CHECK(lithe_sched_set_share(scheduler.c(), 1000, -100) == 0);
}

TEST_CASE("share: equal tenants on one hart" * doctest::skip()) {
  std::vector<Tenant> tenants(3);
  compete(tenants, 600 * millisecond);
  for (const Tenant &tenant : tenants) {
    INFO(tenants[0].turns, " ", tenants[1].turns, " ", tenants[2].turns);
    CHECK(tenant.turns * 3 * 3 > tenants[0].turns + tenants[1].turns + tenants[2].turns);
  }
}

TEST_CASE("share: weights on one hart" * doctest::skip()) {
  std::vector<Tenant> tenants(2);
  tenants[0].weight = 8;
  compete(tenants, 1500 * millisecond);
  INFO(tenants[0].turns, " ", tenants[1].turns);
  // Time is counted, not work, and a busy machine takes its time from either: far from 8, but not 1.
  CHECK(tenants[0].turns > 2 * tenants[1].turns);
  CHECK(tenants[1].turns > 0);
}

TEST_CASE("share: weights on two harts" * doctest::skip()) {
  std::vector<Tenant> tenants(2);
  tenants[0].weight = 3;
  compete(tenants, 1000 * millisecond);
  INFO(tenants[0].turns, " ", tenants[1].turns);
  CHECK(tenants[0].turns * 4 > 5 * tenants[1].turns);
  CHECK(tenants[1].turns > 0);
}

TEST_CASE("share: priorities on one hart" * doctest::skip()) {
  std::vector<Tenant> tenants(2);
  tenants[0].priority = 1;
  compete(tenants, 1000 * millisecond);
  INFO(tenants[0].turns, " ", tenants[1].turns);
  CHECK(tenants[0].turns > 3 * tenants[1].turns);
  CHECK(tenants[1].turns > 0);  // the bound: a slice in 100 ms
}

TEST_CASE("share: harts go by weight and priority, and nobody starves" * doctest::test_suite("process")) {
  for (const auto &[name, harts] :
       {std::pair{"share: equal tenants on one hart", "HARTS=1"}, std::pair{"share: weights on one hart", "HARTS=1"},
        std::pair{"share: weights on two harts", "HARTS=2"}, std::pair{"share: priorities on one hart", "HARTS=1"}}) {
    const Outcome outcome = run_case(name, {harts});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
  }
}

}  // namespace
