// fork: the child starts with a fresh runtime. Each case forks inside a process of its own, because what is tested is what a
// forked child may do, and sanitizers see two processes where there was one.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// ThreadSanitizer cannot make threads in the forked child of a process that has some ("dup thread with used id").
// AddressSanitizer's allocator does not know of fork: if another thread held one of its locks, the child waits for ever.
constexpr bool can_fork = !sanitized;

// A forked child has no watchdog thread, and may outlive the parent: it must end by itself. Carriers block signals.
void limit_child() {
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
  alarm(60);
}

// What a child does to show that the runtime works there; returns its exit code.
int use_runtime() {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  if (stats.carriers != 0 || stats.contexts != 0 || stats.schedulers != 0) return 10;  // nothing of the parent's
  if (lithe_hart_self() != -1 || lithe_sched_self() != nullptr) return 11;
  if (lithe_sched_exit() != LITHE_EPERM) return 12;  // the parent's scheduler is not entered here
  std::atomic<int> ran{0};
  lithe_barrier_t barrier;
  lithe_barrier_init(&barrier, 5);
  if (each_context(5, [&](int) {
        lithe_barrier_wait(&barrier);
        lithe_context_yield();
        ++ran;
      }) != 0) {
    return 13;
  }
  if (ran != 5) return 14;
  std::thread([&] { each_context(2, [&](int) { ++ran; }); }).join();
  return ran == 7 ? 42 : 15;
}

// Forks, lets the child run `body`, and returns the child's exit code.
template <class Body>
int code_of_fork(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    limit_child();
    _exit(body());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_CASE("fork child: from a guest whose contexts are at work" * doctest::skip()) {
  std::atomic<bool> stop{false};
  std::thread neighbour([&] {
    while (!stop) each_context(3, [](int) { lithe_context_yield(); });
  });
  harts::ForkJoin scheduler;
  scheduler.enter();
  std::atomic<int> turns{0};
  struct Work {
    std::atomic<bool> &stop;
    std::atomic<int> &turns;
  } work{stop, turns};
  for (int i = 0; i < 3; ++i) {
    scheduler.fork(
        [](void *argument) {
          Work &self = *static_cast<Work *>(argument);
          while (!self.stop) {
            ++self.turns;
            lithe_context_yield();
          }
        },
        &work);
  }
  for (int round = 0; round < 5; ++round) {
    lithe_context_yield();
    CHECK(code_of_fork(use_runtime) == 42);
  }
  stop = true;
  scheduler.join();
  scheduler.exit();
  neighbour.join();
}

TEST_CASE("fork child: from a context" * doctest::skip()) {
  std::atomic<int> codes{0};
  each_context(3, [&](int) {
    for (int round = 0; round < 2; ++round) {
      lithe_context_yield();
      codes += code_of_fork(use_runtime);
    }
  });
  CHECK(codes == 6 * 42);
}

TEST_CASE("fork child: that returns from the context's function" * doctest::skip()) {
  pid_t parent = getpid();
  std::atomic<int> code{-1};
  each_context(1, [&](int) {
    const pid_t child = fork();
    if (child == 0) {
      limit_child();
      return;  // the child has no carriers to go on with: it ends as when its last thread returns
    }
    int status = 0;
    waitpid(child, &status, 0);
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  });
  CHECK(getpid() == parent);
  CHECK(code == 0);
}

TEST_CASE("fork child: of a fork child" * doctest::skip()) {
  each_context(2, [](int) {});
  CHECK(code_of_fork([] {
          each_context(2, [](int) {});
          return code_of_fork(use_runtime);
        }) == 42);
  CHECK(code_of_fork(use_runtime) == 42);
}

TEST_CASE("fork child: before the runtime was used" * doctest::skip()) {
  CHECK(code_of_fork(use_runtime) == 42);
  each_context(2, [](int) {});
}

TEST_CASE("fork: a child uses the runtime afresh" * doctest::test_suite("process") * doctest::skip(!can_fork)) {
  for (const char *name : {"from a guest whose contexts are at work", "from a context", "of a fork child",
                           "that returns from the context's function", "before the runtime was used"}) {
    for (const char *harts : {"HARTS=", "HARTS=1"}) {
      // LeakSanitizer sees nothing of the parent's stacks in the child.
      const Outcome outcome = run_case(std::string("fork child: ") + name, {harts, "ASAN_OPTIONS=detect_leaks=0"});
      CHECK_MESSAGE(outcome.code == 0, name, " with ", harts, ": ", outcome.output);
    }
  }
}

}  // namespace
