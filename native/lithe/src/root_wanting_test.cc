// Which top-level scheduler gets the next hart, and how many are looked at to find it. No runtime: the counts of harts
// and the demands are set by hand.
#include "root_wanting.h"

#include <doctest/doctest.h>
#include <vector>

#include "lithe/timer.h"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace lithe::core;
using harts::testing::rounds;

namespace {

constexpr uint64_t millisecond = 1'000'000;

struct Children {
  explicit Children(std::size_t count) : all(count) {
    for (lithe_sched_t &child : all) {
      child.internal.served = lithe_clock_now();
      wanting.add(&child, false);
    }
  }
  void want(lithe_sched_t &child, long demand) {
    child.internal.demand = demand;
    if (!Wanting::has(&child)) wanting.update(&child);
  }
  static void grant(lithe_sched_t &child) {
    ++child.internal.harts;
    child.internal.served = lithe_clock_now();
  }
  void give_back(lithe_sched_t &child, uint64_t used) {
    child.internal.used += used / weight_of(&child);
    --child.internal.harts;
    if (wants_hart(&child)) wanting.update(&child);
  }
  std::vector<lithe_sched_t> all;
  Wanting wanting;
};

TEST_CASE("wanting: nobody wants, somebody wants, nobody wants again") {
  Children children(3);
  CHECK(children.wanting.next() == nullptr);
  CHECK_FALSE(children.wanting.is_anyone_waiting());
  CHECK_FALSE(Wanting::has(&children.all[1]));
  children.want(children.all[1], 2);
  CHECK(Wanting::has(&children.all[1]));
  CHECK(children.wanting.is_anyone_waiting());
  CHECK(children.wanting.next() == &children.all[1]);
  Children::grant(children.all[1]);
  CHECK_FALSE(children.wanting.is_anyone_waiting());
  CHECK(children.wanting.next() == &children.all[1]);
  Children::grant(children.all[1]);
  CHECK(children.wanting.next() == nullptr);
  children.give_back(children.all[1], 0);
  CHECK(children.wanting.next() == &children.all[1]);
  children.wanting.remove(&children.all[1]);
  CHECK(children.wanting.next() == nullptr);
  children.wanting.update(&children.all[1]);
  CHECK(children.wanting.next() == nullptr);
}

TEST_CASE("wanting: equals take turns, and weights count") {
  Children children(4);
  children.all[3].internal.weight = 3;
  for (lithe_sched_t &child : children.all) children.want(child, 1);
  std::vector<int> turns(4);
  for (int turn = 0; turn < 60; ++turn) {
    lithe_sched_t *child = children.wanting.next();
    REQUIRE(child);
    ++turns[static_cast<std::size_t>(child - children.all.data())];
    Children::grant(*child);
    children.give_back(*child, millisecond);
  }
  CHECK(turns == std::vector<int>{10, 10, 10, 30});
}

TEST_CASE("wanting: a higher priority comes first, but not before those that have waited too long") {
  Children children(3);
  lithe_sched_t &low = children.all[0], &lower = children.all[1], &high = children.all[2];
  low.internal.priority = -1;
  lower.internal.priority = -100;
  high.internal.priority = 100;
  high.internal.used = 1'000'000 * millisecond;
  for (lithe_sched_t &child : children.all) {
    children.want(child, 3);
    children.wanting.update(&child);
  }
  CHECK(children.wanting.next() == &high);
  CHECK(Wanting::needs_more(&high, &low));
  CHECK_FALSE(Wanting::needs_more(&low, &high));
  // Time goes by: that is, they were served earlier.
  low.internal.served = lithe_clock_now() - 150 * millisecond;
  lower.internal.served = lithe_clock_now() - 250 * millisecond;
  children.wanting.update(&low);
  children.wanting.update(&lower);
  Children::grant(high);
  CHECK(children.wanting.is_anyone_in_greater_need(&high));
  CHECK(children.wanting.next() == &lower);
  Children::grant(lower);
  CHECK(children.wanting.next() == &low);
  Children::grant(low);
  CHECK(children.wanting.next() == &high);
  CHECK_FALSE(children.wanting.is_anyone_in_greater_need(&high));
  CHECK(children.wanting.is_anyone_in_greater_need(&low));
  // Raised while it is in: noticed when told.
  lower.internal.priority = 100;
  children.wanting.update(&lower);
  CHECK(children.wanting.next() == &lower);
}

TEST_CASE("wanting: the same choice as looking at all") {
  harts::testing::Random random(5);
  for (int round = 0; round < rounds(40); ++round) {
    Children children(30);
    std::vector<lithe_sched_t *> holders;
    for (int step = 0; step < 400; ++step) {
      lithe_sched_t &any = children.all[static_cast<std::size_t>(random.below(30))];
      switch (random.below(4)) {
        case 0:
          children.want(any, any.internal.demand + 1);
          break;
        case 1:
          any.internal.demand = any.internal.harts;  // takes back what it has not got
          break;
        case 2:
          if (lithe_sched_t *child = children.wanting.next()) {
            Children::grant(*child);
            holders.push_back(child);
          }
          break;
        default:
          if (holders.empty()) break;
          children.give_back(*holders.back(), static_cast<uint64_t>(random.below(5)) * millisecond);
          holders.pop_back();
      }
      const lithe_sched_t *least = nullptr;
      for (lithe_sched_t &child : children.all) {
        if (wants_hart(&child) && (!least || use_ahead(&child) < use_ahead(const_cast<lithe_sched_t *>(least)))) {
          least = &child;
        }
      }
      lithe_sched_t *const found = children.wanting.next();
      REQUIRE((found == nullptr) == (least == nullptr));
      if (found) REQUIRE(use_ahead(found) == use_ahead(const_cast<lithe_sched_t *>(least)));
    }
  }
}

// Schedulers looked at for each hart that is given and comes back, when `wanting` of `count` always want.
double looks_per_hart(std::size_t count, std::size_t wanting) {
  Children children(count);
  for (std::size_t i = 0; i < wanting; ++i) children.want(children.all[i * (count / wanting)], 1);
  children.wanting.next();
  CHECK(children.wanting.next() != nullptr);
  const uint64_t before = children.wanting.looks();
  constexpr int turns = 2000;
  for (int turn = 0; turn < turns; ++turn) {
    lithe_sched_t *child = children.wanting.next();
    REQUIRE(child);
    Children::grant(*child);
    CHECK((wanting == 1 || children.wanting.is_anyone_in_greater_need(child)));
    children.give_back(*child, millisecond);
  }
  return static_cast<double>(children.wanting.looks() - before) / turns;
}

TEST_CASE("wanting: only who wants is looked at, however many there are") {
  for (const std::size_t count : {1, 10, 1000}) {
    for (const std::size_t wanting : {std::size_t{1}, count / 2, count}) {
      if (wanting == 0) continue;
      const double looks = looks_per_hart(count, wanting);
      INFO(wanting, " of ", count, " want: ", looks);
      // One to be chosen, and two more when it is seen that it has changed; those that never wanted are seen once.
      CHECK(looks <= 4 + static_cast<double>(count) / 2000);
    }
  }
}

}  // namespace
