#include "lithe/stats.h"

#include <atomic>
#include <doctest/doctest.h>
#include <string>
#include <unistd.h>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("stats child: before first use" * doctest::skip()) {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  CHECK(stats.harts == 0);
  CHECK(stats.contexts == 0);
  lithe_hart_stats_t hart;
  CHECK(lithe_stats_hart(0, &hart) == LITHE_EINVAL);
  CHECK(lithe_stats_oversubscribed() == 0);
  lithe_dump(1);
}

TEST_CASE("stats: reading them does not start the runtime" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("stats child: before first use");
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  CHECK(outcome.says("lithe: not started"));
}

TEST_CASE("stats: counters count what happened and only grow") {
  lithe_stats_t before, after;
  lithe_context_self();
  lithe_stats_get(&before);
  const auto suspend = [](lithe_context_t *self, void *) { lithe_context_unblock(self); };
  Shuffle scheduler;
  scheduler.enter();
  each_in(scheduler, 10, [&](int) {
    for (int i = 0; i < 7; ++i) lithe_context_block(suspend, nullptr);
  });
  lithe_stats_t inside;
  lithe_stats_get(&inside);
  scheduler.exit();
  lithe_stats_get(&after);
  CHECK(inside.schedulers == before.schedulers + 1);
  CHECK(after.schedulers == before.schedulers);
  CHECK(after.schedulers_entered >= before.schedulers_entered + 1);
  CHECK(after.context_switches >= before.context_switches + 10);
  CHECK(after.blocks >= before.blocks + 70);
  CHECK(after.unblocks >= before.unblocks + 70);
  CHECK(after.grants >= before.grants);
  CHECK(after.harts == static_cast<unsigned>(lithe_hart_count()));
  CHECK(after.harts_busy <= after.harts);
  CHECK(after.contexts_pooled <= after.contexts);
  CHECK(after.guests >= 1);
}

TEST_CASE("stats: each hart's counters add up to the sums") {
  each_context(6, [](int i) {
    for (int turn = 0; turn < i; ++turn) lithe_context_yield();
  });
  lithe_hart_stats_t hart;
  CHECK(lithe_stats_hart(-1, &hart) == LITHE_EINVAL);
  CHECK(lithe_stats_hart(lithe_hart_count(), &hart) == LITHE_EINVAL);
  CHECK(lithe_stats_hart(0, nullptr) == LITHE_EINVAL);
  // Other threads of this process may be at work: sums read before and after enclose those of the harts.
  lithe_stats_t before, after;
  lithe_stats_get(&before);
  lithe_hart_stats_t sum = {};
  for (int i = 0; i < lithe_hart_count(); ++i) {
    REQUIRE(lithe_stats_hart(i, &hart) == 0);
    sum.context_yields += hart.context_yields;
    sum.context_exits += hart.context_exits;
    sum.decisions += hart.decisions;
    sum.context_switches += hart.context_switches;
  }
  lithe_stats_get(&after);
  CHECK(before.context_yields <= sum.context_yields);
  CHECK(sum.context_yields <= after.context_yields);
  CHECK(before.context_exits <= sum.context_exits);
  CHECK(sum.context_exits <= after.context_exits);
  CHECK(before.decisions <= sum.decisions);
  CHECK(sum.decisions <= after.decisions);
  CHECK(before.context_switches <= sum.context_switches);
  CHECK(sum.context_switches <= after.context_switches);
  CHECK(sum.context_exits >= 6);
  CHECK(sum.context_yields >= 15);
}

TEST_CASE("stats: a dump names the harts and schedulers and what blocks") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Shuffle scheduler(1, "a scheduler with a name");
  scheduler.enter();
  lithe_dump(ends[1]);
  scheduler.exit();
  close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t length; (length = read(ends[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(length));
  close(ends[0]);
  CHECK(text.find("harts") != std::string::npos);
  CHECK(text.find("a scheduler with a name") != std::string::npos);
  CHECK(text.find("guest") != std::string::npos);
}

}  // namespace
