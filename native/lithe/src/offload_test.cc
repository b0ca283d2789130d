#include "lithe/offload.h"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <doctest/doctest.h>
#include <mutex>
#include <pthread.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

// Each case needs a process of its own, in which offload is on. Not with sanitizers: they keep signals back, and the
// handler would run in the middle of their own calls.

namespace {

#if defined(__x86_64__)
constexpr bool is_offered = !sanitized;
#else
constexpr bool is_offered = false;

TEST_CASE("offload: says that this processor does not offer it") { CHECK(lithe_offload_start() == LITHE_ENOTSUP); }
#endif

constexpr uint64_t millisecond = 1000000;

TEST_CASE("offload: unmodified sleepers" * doctest::skip()) {
  REQUIRE(lithe_offload_start() == 0);
  const uint64_t before = lithe_clock_now();
  each_context(100, [&](int) { usleep(200000); });
  const uint64_t took = lithe_clock_now() - before;
  CHECK(took >= 200 * millisecond);
  CHECK(took < 2000 * millisecond);  // one after the other would be 20 s
  unsigned long seen, offloaded;
  lithe_offload_counts(&seen, &offloaded);
  CHECK(offloaded >= 100);
  CHECK(seen >= offloaded);
}

TEST_CASE("offload: unmodified locks and pipes" * doctest::skip()) {
  REQUIRE(lithe_offload_start() == 0);
  std::mutex mutex;
  std::condition_variable condvar;
  int turn = 0;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int turns = rounds(500);
  char received[4] = {};
  each_context(4, [&](int i) {
    thread_local int mine;
    mine = i;
    if (i < 2) {
      for (int round = 0; round < turns; ++round) {
        std::unique_lock lock(mutex);
        condvar.wait(lock, [&] { return turn == i; });
        turn = 1 - i;
        condvar.notify_all();
      }
    } else if (i == 2) {
      CHECK(read(ends[0], received, sizeof received) == 3);
    } else {
      usleep(5000);
      CHECK(write(ends[1], "abc", 3) == 3);
    }
    CHECK(mine == i);
  });
  CHECK(std::strcmp(received, "abc") == 0);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("offload: threads and processes started from a context" * doctest::skip()) {
  REQUIRE(lithe_offload_start() == 0);
  each_context(4, [](int i) {
    int result = 0;
    std::thread([&] { result = i + 1; }).join();
    CHECK(result == i + 1);
    const pid_t child = vfork();
    if (child == 0) _exit(7);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 7);
    errno = 0;
    char byte;
    CHECK(read(-1, &byte, 1) == -1);
    CHECK(errno == EBADF);
    CHECK(getppid() > 0);
    // A changed signal mask stays changed, although the call was made inside a handler.
    sigset_t usr1, now;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    CHECK(pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0);
    CHECK(sigismember(&now, SIGUSR1) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &usr1, nullptr) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0);
    CHECK(sigismember(&now, SIGUSR1) == 1);
  });
}

TEST_CASE("offload: who disables preemption keeps the hart" * doctest::skip()) {
  REQUIRE(lithe_offload_start() == 0);
  lithe::SpinLock lock;
  int turns = 0;
  each_context(2, [&](int i) {
    if (i == 0) {
      lock.lock();
      const int before = turns;
      usleep(20000);
      CHECK(turns == before);
      lock.unlock();
      usleep(1000);
      turns = -1;
    } else {
      while (turns >= 0) {
        ++turns;
        lithe_context_yield();
      }
    }
  });
}

TEST_CASE("offload: refused once harts have worked" * doctest::skip()) {
  each_context(1, [](int) {});
  CHECK(lithe_offload_start() == LITHE_EBUSY);
}

TEST_CASE("offload: refused while the program handles SIGSYS" * doctest::skip()) {
  signal(SIGSYS, [](int) {});
  CHECK(lithe_offload_start() == LITHE_EBUSY);
}

TEST_CASE("offload: blocking code that knows nothing of harts holds none" * doctest::test_suite("process")) {
  if (!is_offered) return;
  const Outcome kept = run_case("offload: who disables preemption keeps the hart", {"HARTS=1", "HARTS_VIRTUAL="});
  CHECK_MESSAGE(kept.code == 0, kept.output);
  for (const char *name :
       {"offload: unmodified sleepers", "offload: unmodified locks and pipes",
        "offload: threads and processes started from a context", "offload: refused once harts have worked",
        "offload: refused while the program handles SIGSYS"}) {
    for (const char *harts : {"HARTS=1", "HARTS=2"}) {
      const Outcome outcome = run_case(name, {harts});
      CHECK_MESSAGE(outcome.code == 0, name, " ", harts, ": ", outcome.output);
    }
  }
}

TEST_CASE("offload: all cases pass with it" * doctest::test_suite("process")) {
  if (!is_offered) return;
  const Outcome outcome = run_self(
      {"-sf=*native/lithe/src/*,*native/schedulers/fork_join/*", "-tse=process", "--no-intro"}, {"HARTS_OFFLOAD=1"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  CHECK(outcome.says("0 failed"));
}

}  // namespace
