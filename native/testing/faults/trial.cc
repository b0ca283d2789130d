#include "testing/faults/trial.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testing/scale.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace harts::testing {
namespace {

using Clock = std::chrono::steady_clock;

// A hang is a bug. The child says where everybody is before it ends; the parent's own deadline is the last resort.
// Read once, before there is a thread: a scenario may change the environment.
int deadline_seconds() {
  static const int seconds = sanitized || on_slow_machine() ? 60 : 15;
  return seconds;
}

[[noreturn]] void *watch(void *) {
  // A signal would end the sleep.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  sleep(static_cast<unsigned>(deadline_seconds()));
  static const char said[] = "hangs:\n";
  (void)!write(2, said, sizeof said - 1);
  lithe_dump(2);
  _exit(3);
}

// What the child says, in one write to a pipe.
struct Report {
  bool is_reached;
  int code, again;
  Balance balance;
  char complaint[160];
};

void nap() {
  const timespec millisecond{0, 1'000'000};
  nanosleep(&millisecond, nullptr);
}

// Waits until all harts are idle and all contexts are back; says who is not.
bool has_settled(char *complaint, size_t size) {
  lithe_stats_t stats;
  for (const auto end = Clock::now() + std::chrono::seconds(5);; nap()) {
    lithe_stats_get(&stats);
    const bool is_over =
        stats.harts_busy == 0 && stats.schedulers == 0 && stats.contexts == stats.contexts_pooled + stats.guests;
    if (is_over) return true;
    if (Clock::now() > end) break;
  }
  std::snprintf(complaint, size, "left behind: %u busy harts, %u schedulers, %u contexts (%u pooled, %u guests)",
                stats.harts_busy, stats.schedulers, stats.contexts, stats.contexts_pooled, stats.guests);
  lithe_dump(2);
  return false;
}

// How many contexts and carriers there are depends on who came when; what each of them takes does not.
Balance balance_now() {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  const long known = static_cast<long>(stats.contexts) + stats.carriers;
  return {blocks_in_use() - known, mappings_in_use()};
}

bool exceeds(const Balance &balance, const Balance &expected) {
  return balance.blocks > expected.blocks || balance.mappings > expected.mappings;
}

// The monitor, which sees to the limits of harts now and then, has memory in use meanwhile: the smallest of some looks.
Balance settled_balance(const Balance *expected) {
  Balance least = balance_now();
  for (int looks = 0; looks < (expected ? 2000 : 30); ++looks) {
    if (expected && !exceeds(least, *expected)) break;
    nap();
    const Balance now = balance_now();
    least = {std::min(least.blocks, now.blocks), std::min(least.mappings, now.mappings)};
  }
  return least;
}

[[noreturn]] void be_child(const Scenario &scenario, const Failure *failure, int call, const Balance *expected,
                           int to) {
  deadline_seconds();
  pthread_t watchdog;
  pthread_create(&watchdog, nullptr, watch, nullptr);
  Report report{};
  const auto complain = [&](const char *what, int code) {
    std::snprintf(report.complaint, sizeof report.complaint, "%s: %s", what, lithe_strerror(code));
  };
  if (!scenario.is_cold()) {
    if (const int code = scenario.run(); code != 0) complain("it fails without any failure", code);
    has_settled(report.complaint, sizeof report.complaint);
  }
  if (failure) fail_calls(failure->kind, call - 1, failure->count, failure->error);
  report.code = scenario.run();
  // While no thread can be had at all, a context that is ready may have nobody to run it; the next event finds it.
  if (!failure || failure->count == 1) has_settled(report.complaint, sizeof report.complaint);
  fail_nothing();
  report.is_reached = failure && failed_calls() > 0;
  report.again = scenario.run();
  if (report.again != 0) complain("it fails once more, without a failure", report.again);
  if (has_settled(report.complaint, sizeof report.complaint)) report.balance = settled_balance(expected);
#if defined(__SANITIZE_ADDRESS__)
  if (!*report.complaint && __lsan_do_recoverable_leak_check() != 0) {
    std::snprintf(report.complaint, sizeof report.complaint, "it leaks");
  }
#endif
  (void)!write(to, &report, sizeof report);
  _exit(0);
}

// Reads what the child writes to `from` until all ends are closed; false when that takes too long.
bool read_all(int from, std::string &output) {
  const auto end = Clock::now() + std::chrono::seconds(deadline_seconds() + 5);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd readable{from, POLLIN, 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) return false;
    char text[4096];
    const ssize_t length = read(from, text, sizeof text);
    if (length <= 0) return true;
    output.append(text, static_cast<size_t>(length));
  }
}

// A program that an ABI without error codes ends must say what it could not get.
bool is_clear_end(const std::string &output) { return output.find("libgomp (harts): out of ") != std::string::npos; }

}  // namespace

Verdict try_out(const Scenario &scenario, const Failure *failure, int call, const Balance *expected) {
  Verdict verdict;
  int words[2], result[2];
  if (pipe(words) != 0 || pipe(result) != 0) std::abort();
  std::fflush(nullptr);
  exempt_process(true);
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) {
    exempt_process(false);
    dup2(words[1], 1);
    dup2(words[1], 2);
    for (int end : {words[0], words[1], result[0]}) close(end);
    be_child(scenario, failure, call, expected, result[1]);
  }
  close(words[1]);
  close(result[1]);
  std::string output, answer;
  if (!read_all(words[0], output)) {
    kill(child, SIGKILL);
    output += "killed: hangs, and so does its dump\n";
  }
  read_all(result[0], answer);
  close(words[0]);
  close(result[0]);
  int status = 0;
  waitpid(child, &status, 0);
  fail_nothing();
  Report report{};
  if (answer.size() != sizeof report) {
    verdict.is_reached = true;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && is_clear_end(output)) return verdict;
    verdict.complaint = (WIFSIGNALED(status) ? std::string("ended by signal ") + strsignal(WTERMSIG(status))
                                             : "ended with " + std::to_string(WEXITSTATUS(status))) +
                        "\n" + output;
    return verdict;
  }
  std::memcpy(static_cast<void *>(&report), answer.data(), sizeof report);
  verdict.is_reached = report.is_reached;
  verdict.code = report.code;
  verdict.balance = report.balance;
  const auto complain = [&](const std::string &what) {
    verdict.complaint += (verdict.complaint.empty() ? "" : "\n") + what;
  };
  if (*report.complaint) complain(report.complaint);
  if (report.code != 0) {
    const bool is_documented =
        report.is_reached && failure &&
        std::find(std::begin(failure->codes), std::end(failure->codes), report.code) != std::end(failure->codes);
    if (!is_documented) complain(std::string("unexpected error: ") + lithe_strerror(report.code));
  }
  if (expected && !*report.complaint && exceeds(report.balance, *expected)) {
    complain("leak: " + std::to_string(report.balance.blocks - expected->blocks) + " blocks, " +
             std::to_string(report.balance.mappings - expected->mappings) + " mappings");
  }
  if (!verdict.complaint.empty() && !output.empty()) complain(output);
  return verdict;
}

}  // namespace harts::testing
