#include "addon/job_team.h"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <random>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"

namespace {

using harts::ForkJoin;
using harts::addon::Loop;
using harts::addon::Team;

bool may_spin() {
  lithe_topology_t topology;
  return lithe_topology_get(&topology) == 0 && !topology.is_virtual;
}

// Counts how often each iteration ran. Plain integers: a sanitizer sees it when two contexts run the same one.
struct Tally {
  std::vector<int> ran;
  unsigned uneven = 0;  // iterations whose number is a multiple of this take long

  static void body(const void *arg, std::uint32_t begin, std::uint32_t end) {
    Tally &tally = *static_cast<Tally *>(const_cast<void *>(arg));
    for (std::uint32_t i = begin; i < end; ++i) {
      if (tally.uneven != 0 && i % tally.uneven == 0) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
        while (std::chrono::steady_clock::now() < until) {
        }
      }
      ++tally.ran[i];
    }
  }
};

void run_and_check(Team &team, std::uint32_t count, unsigned uneven, bool wake) {
  Tally tally;
  tally.ran.assign(count, 0);
  tally.uneven = uneven;
  const std::uint32_t begin = count / 5;
  team.run({Tally::body, &tally}, begin, count, wake);
  bool each_once = true;
  for (std::uint32_t i = 0; i < count; ++i) each_once = each_once && tally.ran[i] == (i < begin ? 0 : 1);
  REQUIRE(each_once);
}

TEST_CASE("a team runs every iteration of every loop exactly once") {
  ForkJoin scheduler;
  scheduler.enter();
  Team team(scheduler, lithe_hart_count(), may_spin());
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const std::uint32_t count = random() % 4 == 0 ? random() % 3000 : random() % 40;
    if (count > 0) run_and_check(team, count, random() % 3 == 0 ? 5 + random() % 20 : 0, true);
  }
  team.dismiss();
  scheduler.join();
  CHECK(scheduler.demand() == 1);
  scheduler.exit();
}

TEST_CASE("a team of more contexts than harts runs every iteration exactly once") {
  ForkJoin scheduler;
  scheduler.enter();
  Team team(scheduler, 9, may_spin());
  for (int round = 0; round < 300; ++round) run_and_check(team, 1 + round % 50, 3, true);
  team.dismiss();
  scheduler.join();
  scheduler.exit();
}

TEST_CASE("helpers of a team that went to sleep come back") {
  ForkJoin scheduler;
  scheduler.enter();
  Team team(scheduler, lithe_hart_count() + 1, may_spin());
  for (int round = 0; round < 60; ++round) {
    run_and_check(team, 40, 4, true);
    // Longer than a helper polls, and sometimes about as long, so that the loop meets it on its way to sleep.
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(round % 3 == 0 ? 400 : 40 + round);
    while (std::chrono::steady_clock::now() < until) {
    }
    if (round % 4 == 0) run_and_check(team, 40, 4, false);
  }
  team.dismiss();
  scheduler.join();
  CHECK(scheduler.demand() == 1);
  scheduler.exit();
}

TEST_CASE("a team may be dismissed at any time") {
  for (int round = 0; round < 200; ++round) {
    ForkJoin scheduler;
    scheduler.enter();
    {
      Team team(scheduler, 1 + round % 4, may_spin());
      for (int loops = round % 3; loops > 0; --loops) run_and_check(team, 10, 0, true);
      if (round % 5 == 0) std::this_thread::sleep_for(std::chrono::microseconds(round));
      team.dismiss();
    }
    scheduler.join();
    scheduler.exit();
  }
}

// Two buffers, smoothed to and fro: an iteration reads what others wrote in the loop before.
struct Smooth {
  const std::vector<double> &from;
  std::vector<double> &to;

  static void body(const void *arg, std::uint32_t begin, std::uint32_t end) {
    const Smooth &smooth = *static_cast<const Smooth *>(arg);
    const std::size_t n = smooth.from.size();
    for (std::size_t i = begin; i < end; ++i)
      smooth.to[i] = (smooth.from[(i + n - 1) % n] + smooth.from[i] + smooth.from[(i + 1) % n]) / 3;
  }
};

TEST_CASE("what a loop wrote is seen by the next, and gives the same bits as one context alone") {
  std::vector<double> a(37), b(37), expected_a(37), expected_b(37);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = expected_a[i] = static_cast<double>(i * i % 11);
  constexpr int steps = 2000;
  for (int step = 0; step < steps; ++step) {
    const Smooth there{expected_a, expected_b}, back{expected_b, expected_a};
    Smooth::body(&there, 0, 37);
    Smooth::body(&back, 0, 37);
  }
  ForkJoin scheduler;
  scheduler.enter();
  Team team(scheduler, lithe_hart_count(), may_spin());
  for (int step = 0; step < steps; ++step) {
    const Smooth there{a, b}, back{b, a};
    team.run({Smooth::body, &there}, 0, 37, true);
    team.run({Smooth::body, &back}, 0, 37, true);
  }
  team.dismiss();
  scheduler.join();
  scheduler.exit();
  CHECK(a == expected_a);
  CHECK(b == expected_b);
}

TEST_CASE("teams of several guests at once do not disturb each other") {
  std::vector<std::thread> guests;
  for (int guest = 0; guest < 4; ++guest) {
    guests.emplace_back([guest] {
      ForkJoin scheduler;
      scheduler.enter();
      Team team(scheduler, lithe_hart_count(), may_spin());
      for (int round = 0; round < 100; ++round) run_and_check(team, 1 + (round * 7 + guest) % 60, 6, true);
      team.dismiss();
      scheduler.join();
      scheduler.exit();
    });
  }
  for (std::thread &guest : guests) guest.join();
}

}  // namespace
