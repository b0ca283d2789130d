#include "idle_spin.h"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "lithe/error.h"
#include "testing/random.hpp"

using namespace lithe::core;
using harts::testing::Random;

namespace {

constexpr uint64_t us = 1000, wake_cost = 25 * us;
const SpinLimit usual;

uint64_t cost_of(uint64_t wait, uint64_t spin) { return wait <= spin ? wait : spin + wake_cost; }

IdleSpin after(const std::vector<uint64_t> &waits) {
  IdleSpin spin;
  for (const uint64_t wait : waits) spin.note(wait);
  return spin;
}

TEST_CASE("idle spin: who knows nothing spins as long as a wake-up costs, and no longer than the limit") {
  CHECK(IdleSpin().length_ns(usual, wake_cost) == wake_cost);
  CHECK(IdleSpin().length_ns(usual, 80 * us) == usual.most_ns);
  CHECK(IdleSpin().length_ns({0, false}, wake_cost) == 0);
}

TEST_CASE("idle spin: short waits are spun through, long ones are slept through") {
  CHECK(after(std::vector<uint64_t>(16, 5 * us)).length_ns(usual, wake_cost) > 5 * us);
  CHECK(after(std::vector<uint64_t>(16, 5 * us)).length_ns(usual, wake_cost) < 10 * us);
  CHECK(after(std::vector<uint64_t>(16, 300 * us)).length_ns(usual, wake_cost) == 0);
  // Where a wake-up is cheap, even short waits are slept through.
  CHECK(after(std::vector<uint64_t>(16, 5 * us)).length_ns(usual, 2 * us) == 0);
}

TEST_CASE("idle spin: among waits of both kinds it goes by what is cheaper in all") {
  std::vector<uint64_t> mostly_short(16, 3 * us), mostly_long(16, 3000 * us);
  for (int i : {3, 8}) mostly_short[static_cast<size_t>(i)] = 3000 * us;
  for (int i : {3, 8}) mostly_long[static_cast<size_t>(i)] = 20 * us;
  const uint64_t spin = after(mostly_short).length_ns(usual, wake_cost);
  CHECK(spin > 3 * us);
  CHECK(spin < 8 * us);
  CHECK(after(mostly_long).length_ns(usual, wake_cost) == 0);
}

TEST_CASE("idle spin: a program that changes is followed within its last sixteen waits") {
  IdleSpin spin = after(std::vector<uint64_t>(100, 2000 * us));
  CHECK(spin.length_ns(usual, wake_cost) == 0);
  for (int i = 0; i < 16; ++i) spin.note(4 * us);
  CHECK(spin.length_ns(usual, wake_cost) > 4 * us);
  for (int i = 0; i < 16; ++i) spin.note(2000 * us);
  CHECK(spin.length_ns(usual, wake_cost) == 0);
}

TEST_CASE("idle spin: over phases of any kind it costs little more than the best fixed time of each") {
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    IdleSpin spin;
    uint64_t paid = 0, best_possible = 0;
    for (int phase = 0; phase < 10; ++phase) {
      const int typical = 1 << random.below(12);  // 1 us to 2 ms
      std::vector<uint64_t> waits;
      for (int i = 0; i < 200; ++i)
        waits.push_back(static_cast<uint64_t>(typical * (80 + random.below(41))) * us / 100);
      for (const uint64_t wait : waits) {
        const uint64_t length = spin.length_ns(usual, wake_cost);
        CHECK(length <= wake_cost);
        paid += cost_of(wait, length);
        spin.note(wait);
      }
      uint64_t best = UINT64_MAX;
      for (uint64_t fixed = 0; fixed <= wake_cost; fixed += us / 2) {
        uint64_t sum = 0;
        for (const uint64_t wait : waits) sum += cost_of(wait, fixed);
        best = std::min(best, sum);
      }
      best_possible += best;
    }
    CHECK(static_cast<double>(paid) < 1.2 * static_cast<double>(best_possible));
  }
}

TEST_CASE("idle spin: a fixed time is what was asked for") {
  CHECK(after(std::vector<uint64_t>(16, 2000 * us)).length_ns({70 * us, true}, wake_cost) == 70 * us);
  CHECK(after(std::vector<uint64_t>(16, 2 * us)).length_ns({0, true}, wake_cost) == 0);
}

TEST_CASE("idle spin: the cost of a wake-up follows what is measured, and one that was late does not spoil it") {
  WakeCost cost;
  for (int i = 0; i < 100; ++i) cost.note(8 * us);
  CHECK(cost.ns() >= 7 * us);
  CHECK(cost.ns() <= 9 * us);
  cost.note(100'000'000);
  CHECK(cost.ns() < 35 * us);
}

TEST_CASE("idle spin: HARTS_SPIN is understood, or named with what is wrong") {
  const char *const before = std::getenv("HARTS_SPIN");
  const std::string kept = before ? before : "";
  const auto read = [](const char *text, SpinLimit unset) {
    setenv("HARTS_SPIN", text, 1);
    SpinLimit limit;
    std::string problem;
    const int code = read_spin_environment(unset, limit, problem);
    CHECK((code == 0) == problem.empty());
    if (code != 0) CHECK(code == LITHE_EINVAL);
    if (code != 0) CHECK(problem.find(std::string("HARTS_SPIN=") + text + " ") == 0);
    return code == 0 ? limit : SpinLimit{12345, false};
  };
  CHECK(read("", usual).most_ns == usual.most_ns);
  CHECK(read("0", usual).most_ns == 0);
  CHECK(read("20", usual).most_ns == 20 * us);
  CHECK_FALSE(read("20", usual).is_fixed);
  // More than pays, or where nobody may spin: only if it says so.
  CHECK(read("500", usual).most_ns == usual.most_ns);
  CHECK(read("20", {0, false}).most_ns == 0);
  CHECK(read("fixed:500", {0, false}).most_ns == 500 * us);
  CHECK(read("fixed:500", usual).is_fixed);
  for (const char *bad :
       {"x", "-1", "2.5", "20us", "fixed:", "fixed:-3", " 20", "1000001", "99999999999999999999999"}) {
    CHECK_MESSAGE(read(bad, usual).most_ns == 12345, bad);
  }
  if (before) {
    setenv("HARTS_SPIN", kept.c_str(), 1);
  } else {
    unsetenv("HARTS_SPIN");
  }
}

}  // namespace
