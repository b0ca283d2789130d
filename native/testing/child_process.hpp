// Test cases in a process of their own: the runtime reads its environment once, and some behaviour ends the process.
#ifndef HARTS_TESTING_CHILD_PROCESS_HPP
#define HARTS_TESTING_CHILD_PROCESS_HPP

#include <string>
#include <vector>

namespace harts::testing {

struct Outcome {
  int code = 0;       /* the exit status, or 128 + the signal that ended the process */
  std::string output; /* stdout and stderr together */
  bool says(const std::string &text) const { return output.find(text) != std::string::npos; }
};

/* What to start in order to run `program`, a path: LITHE_TEST_RUNNER may hold words to put before it, separated by
 * blanks, such as an emulator that the kernel does not start by itself. */
std::vector<std::string> command_for(const std::string &program);

/* The path of this test program. */
std::string own_path();

/* Runs a command with `environment` ("NAME=value") put before its own (the first of a name counts). A child that is not over
 * in time is killed (code 137). */
Outcome run_command(const std::vector<std::string> &command, const std::vector<std::string> &environment);

/* Runs this test program again with `arguments`. */
Outcome run_self(const std::vector<std::string> &arguments, const std::vector<std::string> &environment);

/* Runs the one case called `name`, which is marked with doctest::skip() so that it runs only this way. The name must have
 * no comma. */
Outcome run_case(const std::string &name, const std::vector<std::string> &environment = {});

/* `environment` with a machine of this topology, of which every hart is used, whatever the variables of this process say. */
std::vector<std::string> on_machine(const std::string &topology, std::vector<std::string> environment = {});

}  // namespace harts::testing

#endif
