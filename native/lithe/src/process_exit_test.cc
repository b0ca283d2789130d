// The end of the process in the middle of work: the right code, no hang, no crash.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// Contexts that never end, on every hart, some blocked; never destroyed.
harts::ForkJoin &endless_work() {
  auto *scheduler = new harts::ForkJoin("endless");
  scheduler->enter();
  static lithe_semaphore_t never;
  lithe_semaphore_init(&never, 0);
  static std::atomic<int> turns{0};
  turns = 0;
  for (int i = 0; i < 6; ++i) {
    scheduler->fork(
        [](void *blocks) {
          if (blocks) lithe_semaphore_wait(&never);
          for (;;) {
            ++turns;
            lithe_context_yield();
          }
        },
        i % 3 == 2 ? scheduler : nullptr);
  }
  while (turns < 50) lithe_context_yield();
  return *scheduler;
}

TEST_CASE("exit child: exit from the guest" * doctest::skip()) {
  endless_work();
  std::exit(7);
}

TEST_CASE("exit child: exit from a context" * doctest::skip()) {
  harts::ForkJoin &scheduler = endless_work();
  scheduler.fork([](void *) { std::exit(7); }, nullptr);
  scheduler.join();
}

TEST_CASE("exit child: quick exit from a context" * doctest::skip()) {
  harts::ForkJoin &scheduler = endless_work();
  scheduler.fork([](void *) { _exit(7); }, nullptr);
  scheduler.join();
}

TEST_CASE("exit child: exit from another thread while the guest is blocked" * doctest::skip()) {
  std::thread([] {
    endless_work();
    std::exit(7);
  }).detach();
  lithe_semaphore_t never;
  lithe_semaphore_init(&never, 0);
  lithe_semaphore_wait(&never);
}

TEST_CASE("exit: the process may end in the middle of work" * doctest::test_suite("process")) {
  for (const char *name : {"exit from the guest", "exit from a context", "quick exit from a context",
                           "exit from another thread while the guest is blocked"}) {
    for (const char *harts : {"HARTS=", "HARTS=1", "LITHE_STRESS=5"}) {
      // What endless contexts own is not freed, on purpose.
      const Outcome outcome = run_case(std::string("exit child: ") + name, {harts, "ASAN_OPTIONS=detect_leaks=0"});
      CHECK_MESSAGE(outcome.code == 7, name, " with ", harts, ": ", outcome.output);
    }
  }
}

TEST_CASE("exit child: an exception leaves a context" * doctest::skip()) {
  each_context(1, [](int) { throw 1; });
}

TEST_CASE("exit: an exception that leaves a context ends the process" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("exit child: an exception leaves a context");
  CHECK_MESSAGE(outcome.code != 0, outcome.output);
  CHECK_MESSAGE(outcome.says("terminate called"), outcome.output);
}

TEST_CASE("exit child: a fault in a context is delivered" * doctest::skip()) {
  std::signal(SIGFPE, [](int) { _exit(9); });
  each_context(1, [](int) { std::raise(SIGFPE); });
}

TEST_CASE("exit: faults of running contexts reach the program's handlers" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("exit child: a fault in a context is delivered");
  CHECK_MESSAGE(outcome.code == 9, outcome.output);
}

}  // namespace
