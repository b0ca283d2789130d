#include "testing/child_process.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/scale.hpp"

extern char **environ;

namespace harts::testing {
namespace {

int child_deadline_seconds() { return on_slow_machine() ? 240 : 45; }
// Longer than the child's own deadline, so that a hang ends with the child's dump.
int kill_after_seconds() { return child_deadline_seconds() + 7; }

std::vector<std::string> merged(std::vector<std::string> given) {
  given.push_back("LITHE_TEST_DEADLINE=" + std::to_string(child_deadline_seconds()));
#if defined(__SANITIZE_THREAD__)
  // ThreadSanitizer waits a second at exit for races that have not happened yet.
  const char *options = std::getenv("TSAN_OPTIONS");
  given.push_back(std::string("TSAN_OPTIONS=") + (options ? options : "") + " atexit_sleep_ms=0");
#endif
  for (char **entry = environ; *entry; ++entry) given.emplace_back(*entry);
  // Each name once: of two with one name, an emulator may hand on the other one.
  std::vector<std::string> result;
  for (std::string &entry : given) {
    const std::size_t length = entry.find('=') + 1;
    const bool is_there = std::any_of(result.begin(), result.end(), [&](const std::string &earlier) {
      return earlier.compare(0, length, entry, 0, length) == 0;
    });
    if (!is_there) result.push_back(std::move(entry));
  }
  return result;
}

std::vector<char *> pointers(const std::vector<std::string> &strings) {
  std::vector<char *> result;
  for (const std::string &string : strings) result.push_back(const_cast<char *>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

// Reads until the child, and whoever inherited its output, has closed it. False when that takes too long.
bool read_all(int from, std::string &output) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kill_after_seconds());
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd readable{from, POLLIN, 0};
    if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) == 0) return false;
    char text[4096];
    const ssize_t length = read(from, text, sizeof text);
    if (length == 0) return true;
    if (length > 0) output.append(text, static_cast<std::size_t>(length));
  }
}

}  // namespace

std::vector<std::string> command_for(const std::string &program) {
  const char *runner = std::getenv("LITHE_TEST_RUNNER");
  std::istringstream words(runner ? runner : "");
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  command.push_back(program);
  return command;
}

std::string own_path() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  return std::string(path, length > 0 ? static_cast<std::size_t>(length) : 0);
}

Outcome run_command(const std::vector<std::string> &command, const std::vector<std::string> &environment) {
  const std::vector<std::string> variables = merged(environment);

  int ends[2];
  REQUIRE(pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  pid_t child;
  const int failure = posix_spawnp(&child, command.front().c_str(), &actions, nullptr, pointers(command).data(),
                                   pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  REQUIRE(failure == 0);

  Outcome outcome;
  if (!read_all(ends[0], outcome.output)) {
    kill(child, SIGKILL);
    outcome.output += "\n(killed: not over in time)\n";
  }
  close(ends[0]);
  int status;
  REQUIRE(waitpid(child, &status, 0) == child);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

Outcome run_self(const std::vector<std::string> &arguments, const std::vector<std::string> &environment) {
  std::vector<std::string> command = command_for(own_path());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_command(command, environment);
}

std::vector<std::string> on_machine(const std::string &topology, std::vector<std::string> environment) {
  environment.push_back("HARTS_TOPOLOGY=" + topology);
  for (const char *name : {"HARTS", "HARTS_VIRTUAL", "HARTS_SMT"}) environment.push_back(std::string(name) + "=");
  return environment;
}

Outcome run_case(const std::string &name, const std::vector<std::string> &environment) {
  Outcome outcome = run_self({"-tc=" + name, "--no-skip", "--no-intro"}, environment);
  if (outcome.says("test cases:  0 |") || outcome.says("test cases: 0 |")) {
    outcome.code = 255;
    outcome.output += "\n(there is no case \"" + name + "\")\n";
  }
  return outcome;
}

}  // namespace harts::testing
