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
