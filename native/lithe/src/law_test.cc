// The laws of the design that no single part of the runtime keeps alone.
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/c_scheduler.h"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/fault_injection.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

long work(int amount) {
  volatile long sum = 0;
  for (int i = 0; i < amount; ++i) sum = sum + i;
  return sum;
}

// Three levels, each wider than the machine.
void nested(int depth, int width, std::atomic<int> &leaves) {
  if (depth == 0) {
    work(2000);
    ++leaves;
    return;
  }
  harts::ForkJoin scheduler("nested");
  scheduler.enter();
  each_in(scheduler, width, [&](int) { nested(depth - 1, width, leaves); });
  scheduler.exit();
}

TEST_CASE("law 1: never more carriers run than there are harts, seen from outside") {
  std::atomic<bool> over{false};
  std::atomic<int> samples{0}, excess{0};
  std::thread sampler([&] {
    while (!over) {
      excess += lithe_stats_oversubscribed();
      ++samples;
      std::this_thread::yield();
    }
  });
  std::atomic<int> leaves{0};
  int expected = 0;
  while (samples < rounds(200)) {
    crowd(0, 2, 0, [&](int) { nested(3, lithe_hart_count() + 2, leaves); });
    expected += 2 * (lithe_hart_count() + 2) * (lithe_hart_count() + 2) * (lithe_hart_count() + 2);
  }
  over = true;
  sampler.join();
  CHECK(leaves == expected);
  CHECK_MESSAGE(excess == 0, "in ", samples.load(), " samples");
}

TEST_CASE("law 2: a hart never runs a context of a scheduler that it was not granted to") {
  std::atomic<int> wrong{0};
  Shuffle outer(1, "outer");
  outer.enter();
  each_in(outer, 4, [&](int i) {
    Shuffle inner(static_cast<uint64_t>(i), "inner");
    inner.enter();
    each_in(inner, 6, [&](int) {
      for (int turn = 0; turn < rounds(200); ++turn) {
        lithe_context_yield();
        const long mine = inner.harts(), above = outer.harts();
        if (lithe_sched_self() != inner.c() || mine < 1 || above < 1 || mine > lithe_hart_count()) ++wrong;
      }
    });
    if (lithe_sched_self() != inner.c()) ++wrong;
    inner.exit();
    if (lithe_sched_self() != outer.c()) ++wrong;
  });
  outer.exit();
  CHECK(wrong == 0);
}

TEST_CASE("law 3: everything ends on the one hart it was entered with") {
  // In the variants this runs with HARTS=1, where no other hart ever comes.
  std::atomic<int> leaves{0};
  nested(4, 3, leaves);
  CHECK(leaves == 81);
  leaves = 0;
  CHECK(c_scheduler_run(
            5,
            [](void *argument, int) {
              lithe_context_yield();
              nested(2, 3, *static_cast<std::atomic<int> *>(argument));
            },
            &leaves) == 0);
  CHECK(leaves == 45);
}

// --- law 7, threads that cannot be made ---

// What the program does while threads fail; every call either works or says why not, and what was started ends.
struct Attempt {
  int refused = 0;

  void note(int code) {
    if (code == 0) return;
    ++refused;
    CHECK((code == LITHE_EAGAIN || code == LITHE_ENOMEM));
  }

  void contexts() {
    harts::ForkJoin scheduler;
    if (const int code = lithe_sched_enter(scheduler.c()); code != 0) return note(code);
    std::atomic<int> ran{0};
    int started = 0;
    for (int i = 0; i < 8; ++i) {
      const lithe_context_attr_t attr{0, i % 2 ? LITHE_CONTEXT_FRESH : LITHE_CONTEXT_POOLED};
      const int code = scheduler.fork(
          [](void *argument) {
            lithe_context_yield();
            each_context(2, [](int) { lithe_context_yield(); });  // some of these fail, too
            ++*static_cast<std::atomic<int> *>(argument);
          },
          &ran, &attr);
      code == 0 ? ++started : 0;
      note(code);
    }
    scheduler.join();
    CHECK(ran == started);
    CHECK(scheduler.demand() == 1);
    scheduler.exit();
  }

  // A context of the root cannot run without a kernel thread to run on; its maker is told.
  void job() {
    struct Job {
      lithe_semaphore_t done;
    } job;
    lithe_semaphore_init(&job.done, 0);
    lithe_context_t *context;
    int code = lithe_context_create(
        &context, nullptr, nullptr, [](void *argument) { lithe_semaphore_post(&static_cast<Job *>(argument)->done); },
        &job);
    if (code == 0) {
      code = lithe_context_unblock(context);
      if (code == 0) {
        lithe_semaphore_wait(&job.done);
      } else {
        CHECK(lithe_context_destroy(context) == 0);
      }
    }
    note(code);
  }

  // The scheduler's own hart went away while its contexts were blocked; a hart without a thread must find a way back.
  void woken_from_outside() {
    harts::ForkJoin scheduler;
    if (const int code = lithe_sched_enter(scheduler.c()); code != 0) return note(code);
    lithe_semaphore_t go;
    lithe_semaphore_init(&go, 0);
    std::atomic<int> started{0};
    struct Waits {
      lithe_semaphore_t &go;
    } waits{go};
    for (int i = 0; i < 2; ++i) {
      const int code =
          scheduler.fork([](void *argument) { lithe_semaphore_wait(&static_cast<Waits *>(argument)->go); }, &waits);
      if (code == 0) ++started;
      note(code);
    }
    helper_may_post = 0;
    posts_wanted = started.load();
    post_to = &go;
    helper_may_post = 1;
    scheduler.join();
    scheduler.exit();
    while (helper_may_post != 0) std::this_thread::yield();
  }

  // A plain thread made before the failures begin.
  std::atomic<int> helper_may_post{0};
  int posts_wanted = 0;
  lithe_semaphore_t *post_to = nullptr;
  void help(const std::atomic<bool> &over) {
    while (!over) {
      if (helper_may_post == 1) {
        for (int i = 0; i < posts_wanted; ++i) lithe_semaphore_post(post_to);
        helper_may_post = 0;
      }
      std::this_thread::yield();
    }
  }
};

TEST_CASE("law child: threads fail" * doctest::skip()) {
  int successes = 0, failures = 0, error = 0;
  REQUIRE(std::sscanf(std::getenv("LITHE_TEST_FAIL"), "%d,%d,%d", &successes, &failures, &error) == 3);
  Attempt attempt;
  std::atomic<bool> over{false};
  std::thread helper([&] { attempt.help(over); });
  fail_calls(Fault::thread, successes, failures, error);
  errno = 77;
  attempt.job();
  for (int round = 0; round < 3; ++round) {
    attempt.contexts();
    attempt.woken_from_outside();
    attempt.job();
  }
  CHECK(errno == 77);
  const int failed = failed_calls();
  fail_nothing();
  // Nothing was lost: all contexts and all harts can be had again.
  Attempt again;
  again.job();
  CHECK(again.refused == 0);
  std::atomic<int> here{0};
  const int harts = lithe_hart_count();
  CHECK(each_context(harts, [&](int) {
          ++here;
          while (here < harts) lithe_context_yield();
        }) == 0);
  // All harts but the one lent to this thread come to rest.
  lithe_stats_t stats;
  do lithe_stats_get(&stats);
  while (stats.harts_busy > 1);
  CHECK(stats.schedulers == 0);
  over = true;
  helper.join();
  std::printf("%d thread creations failed, %d calls refused\n", failed, attempt.refused);
}

TEST_CASE("law 7: whichever thread cannot be made, an error is returned and nothing is lost" *
          doctest::test_suite("process")) {
  int with_failures = 0;
  for (const int failures : {1, INT_MAX}) {
    for (int successes = 0; successes < 20; successes += sanitized ? 5 : 1) {
      const std::string fail = "LITHE_TEST_FAIL=" + std::to_string(successes) + "," + std::to_string(failures) + "," +
                               std::to_string(successes % 2 ? EAGAIN : ENOMEM);
      const Outcome outcome = run_case("law child: threads fail", {fail});
      CHECK_MESSAGE(outcome.code == 0, fail, ": ", outcome.output);
      with_failures += !outcome.says("\n0 thread creations failed");
      if (outcome.code != 0) return;
    }
  }
  CHECK(with_failures > 5);
}

}  // namespace
