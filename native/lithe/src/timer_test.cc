#include "timer.h"

#include <algorithm>
#include <atomic>
#include <doctest/doctest.h>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;
using lithe::core::Timer;
using lithe::core::TimerHeap;

namespace {

constexpr uint64_t millisecond = 1000000;

TEST_CASE("timer: the heap gives the earliest deadline, whatever is put in and taken out") {
  Random random(7);
  for (int round = 0; round < rounds(50); ++round) {
    std::vector<Timer> timers(64);
    std::vector<Timer *> inside;
    TimerHeap heap;
    std::vector<Timer *> outside;
    for (Timer &timer : timers) outside.push_back(&timer);
    for (int step = 0; step < 500; ++step) {
      const bool insert = inside.empty() || (!outside.empty() && random.below(2) == 0);
      auto &from = insert ? outside : inside;
      const auto which = static_cast<std::size_t>(random.below(static_cast<int>(from.size())));
      Timer *timer = from[which];
      from.erase(from.begin() + static_cast<long>(which));
      if (insert) {
        timer->deadline = static_cast<uint64_t>(random.below(100));
        heap.insert(timer);
        inside.push_back(timer);
      } else {
        heap.remove(timer);
        outside.push_back(timer);
      }
      if (inside.empty()) {
        REQUIRE(heap.first() == nullptr);
        continue;
      }
      const Timer *least =
          *std::min_element(inside.begin(), inside.end(), [](Timer *a, Timer *b) { return a->deadline < b->deadline; });
      REQUIRE(heap.first() != nullptr);
      REQUIRE(heap.first()->deadline == least->deadline);
    }
  }
}

TEST_CASE("timer: a deadline beyond the end of the clock is never") {
  CHECK(lithe_clock_after(UINT64_MAX) == LITHE_FOREVER);
  const uint64_t now = lithe_clock_now();
  CHECK(lithe_clock_after(1000) >= now + 1000);
}

TEST_CASE("timer: sleepers sleep at least as long as they said, wherever they are") {
  crowd(16, 2, 2, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 1);
    for (int turn = 0; turn < rounds(10); ++turn) {
      const uint64_t nanoseconds = static_cast<uint64_t>(random.below(3000)) * 1000;
      const uint64_t before = lithe_clock_now();
      CHECK(lithe_sleep(nanoseconds) == 0);
      CHECK(lithe_clock_now() - before >= nanoseconds);
    }
  });
}

TEST_CASE("timer: a hundred sleepers need one hart and the time of one" * doctest::skip()) {
  const uint64_t before = lithe_clock_now();
  CHECK(each_context(100, [](int) { lithe_sleep(200 * millisecond); }) == 0);
  const uint64_t took = lithe_clock_now() - before;
  CHECK(took >= 200 * millisecond);
  CHECK(took < 2000 * millisecond);  // one after the other would be 20 s
}

TEST_CASE("timer: a hundred sleepers sleep at the same time" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("timer: a hundred sleepers need one hart and the time of one", {"HARTS=1"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("timer: earlier deadlines that are armed later are not late, and cancelled ones leave nothing") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  std::atomic<int> woken{0};
  each_context(2, [&](int i) {
    if (i == 0) {
      // Armed far away, and given what it waits for long before.
      lithe_mutex_lock(&mutex);
      CHECK(lithe_condvar_timedwait(&condvar, &mutex, lithe_clock_after(3600 * 1000 * millisecond)) == 0);
      ++woken;
      lithe_mutex_unlock(&mutex);
      return;
    }
    const uint64_t before = lithe_clock_now();
    CHECK(lithe_sleep(millisecond) == 0);
    CHECK(lithe_clock_now() - before < 1000 * millisecond);
    while (woken == 0) {
      lithe_condvar_signal(&condvar);
      lithe_context_yield();
    }
  });
  CHECK(lithe_condvar_destroy(&condvar) == 0);
}

}  // namespace
