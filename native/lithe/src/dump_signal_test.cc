// Each case in a process of its own: handlers are for ever.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// Sends the signal to the process and waits until the dump has come out of the other end of a pipe that is standard
// error meanwhile; then copies it to standard output, which the test reads.
void signal_and_read(int signo) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int stderr_before = dup(2);
  dup2(ends[1], 2);
  kill(getpid(), signo);
  std::string text;
  char piece[4096];
  while (text.find("scheduler root") == std::string::npos) {
    const ssize_t length = read(ends[0], piece, sizeof piece);
    if (length <= 0) break;
    text.append(piece, static_cast<std::size_t>(length));
  }
  dup2(stderr_before, 2);
  [[maybe_unused]] const ssize_t written = write(1, text.data(), text.size());
}

// Every hart is held by a context that never reaches a scheduling point, and every thread of the program blocks the
// signal.
void wedge_and_signal(int signo) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::atomic<int> spinning{0};
  std::atomic<bool> release{false};
  const int harts = lithe_hart_count();
  Shuffle scheduler(1, "wedged");
  scheduler.enter();
  each_in(scheduler, harts, [&](int i) {
    ++spinning;
    if (i != 0) {
      while (!release) sched_yield();
      return;
    }
    // A scheduling point lets the others have a hart each, one after the other on a machine with fewer carriers.
    while (spinning < harts) lithe_context_yield();
    signal_and_read(signo);
    release = true;
  });
  scheduler.exit();
}

TEST_CASE("dump signal child: by the call" * doctest::skip()) {
  CHECK(lithe_dump_on_signal(SIGUSR1) == 0);
  CHECK(lithe_dump_on_signal(SIGUSR1) == 0);
  CHECK(lithe_dump_on_signal(SIGUSR2) == 0);
  lithe_hart_count();
  signal_and_read(SIGUSR2);
  wedge_and_signal(SIGUSR1);
}

TEST_CASE("dump signal child: by the environment" * doctest::skip()) {
  lithe_hart_count();
  wedge_and_signal(std::atoi(std::getenv("LITHE_TEST_SIGNAL")));
}

TEST_CASE("dump signal child: refused" * doctest::skip()) {
  for (int signo : {0, -1, 65, 1000, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, 32}) {
    CHECK(lithe_dump_on_signal(signo) == LITHE_EINVAL);
  }
  std::signal(SIGUSR1, [](int) {});
  CHECK(lithe_dump_on_signal(SIGUSR1) == LITHE_EBUSY);
  std::signal(SIGHUP, SIG_IGN);
  CHECK(lithe_dump_on_signal(SIGHUP) == 0);
}

TEST_CASE("dump signal child: forked" * doctest::skip()) {
  CHECK(lithe_dump_on_signal(SIGUSR1) == 0);
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGUSR1);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGUSR1);
}

TEST_CASE("dump signal child: bad name" * doctest::skip()) { lithe_hart_count(); }

TEST_CASE("dump signal: a dump comes while every hart is held and every thread blocks the signal" *
          doctest::test_suite("process")) {
  for (const char *harts : {"HARTS=", "HARTS=1", "HARTS_VIRTUAL=3"}) {
    const Outcome outcome = run_case("dump signal child: by the call", {harts});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK_MESSAGE(outcome.says("scheduler root"), outcome.output);
    for (const char *name : {"QUIT", "SIGQUIT", "3"}) {
      const Outcome by_name = run_case("dump signal child: by the environment",
                                       {harts, std::string("HARTS_DUMP_SIGNAL=") + name, "LITHE_TEST_SIGNAL=3"});
      CHECK_MESSAGE(by_name.code == 0, by_name.output);
      CHECK_MESSAGE(by_name.says("scheduler wedged"), by_name.output);
    }
  }
}

TEST_CASE("dump signal: signals that cannot be had are refused" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("dump signal child: refused");
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("dump signal: a forked child has the default again" * doctest::test_suite("process") *
          doctest::skip(sanitized)) {
  const Outcome outcome = run_case("dump signal child: forked");
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("dump signal: a bad name in the environment is told" * doctest::test_suite("process")) {
  for (const char *name : {"KILL", "nonsense", "99", "SIGSEGV"}) {
    const Outcome outcome = run_case("dump signal child: bad name", {std::string("HARTS_DUMP_SIGNAL=") + name});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK_MESSAGE(outcome.says(std::string("harts: HARTS_DUMP_SIGNAL=") + name +
                               " has no effect: it is not a signal that a program may handle"),
                  outcome.output);
  }
}

}  // namespace
