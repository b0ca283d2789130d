// lithe_faults: does each scenario once for every call of the runtime's to the system, with that one call failing, and
// once with all calls of the kind failing from that one on (KIND.all).
//
//   lithe_faults [--list] [--verbose] [--part I/N] [--scenario NAME] [--fail KIND:CALL]
//
// After each failure: the operation has succeeded all the same, or has said why not with a code that its header names;
// done once more it succeeds; every hart is idle, every context back and every scheduler left; as much memory is in use
// as after a run without a failure; and nothing hangs. How many calls there are shows when the failing one is not
// reached any more.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "testing/faults/trial.hpp"
#include "testing/scale.hpp"

namespace {

using namespace harts::testing;

constexpr int one = 1, all = 1'000'000;

constexpr Failure failures[] = {
    {"memory", Fault::memory, one, ENOMEM, {LITHE_ENOMEM}},
    {"memory.all", Fault::memory, all, ENOMEM, {LITHE_ENOMEM}},
    {"mapping", Fault::mapping, one, ENOMEM, {LITHE_ENOMEM}},
    {"mapping.all", Fault::mapping, all, ENOMEM, {LITHE_ENOMEM}},
    {"thread", Fault::thread, one, EAGAIN, {LITHE_EAGAIN}},
    {"thread.memory", Fault::thread, one, ENOMEM, {LITHE_ENOMEM}},
    {"thread.all", Fault::thread, all, EAGAIN, {LITHE_EAGAIN}},
    {"attribute", Fault::attribute, one, ENOMEM, {LITHE_ENOMEM}},
    {"attribute.all", Fault::attribute, all, ENOMEM, {LITHE_ENOMEM}},
    {"key", Fault::key, one, EAGAIN, {LITHE_EAGAIN, LITHE_ENOMEM}},
    {"fork", Fault::fork, one, ENOMEM, {LITHE_ENOMEM}},
    {"file", Fault::file, one, EMFILE, {LITHE_EIO}},
    {"file.all", Fault::file, all, EMFILE, {LITHE_EIO}},
    {"wait", Fault::wait, one, EINTR, {}},
    {"wait.memory", Fault::wait, one, ENOMEM, {}},
    {"kernel", Fault::kernel, one, EPERM, {LITHE_ENOTSUP, LITHE_EBUSY, LITHE_EINVAL}},
};

// More than any scenario makes of one kind.
constexpr int most_calls = 300;

struct Options {
  const char *scenario = nullptr;
  const char *kind = nullptr;
  int call = 0;
  int part = 0, parts = 1;
  bool is_list = false, is_verbose = false;
};

[[noreturn]] void refuse(const char *argument) {
  std::fprintf(stderr,
               "lithe_faults: %s is not understood\n"
               "usage: lithe_faults [--list] [--verbose] [--part I/N] [--scenario NAME] [--fail KIND:CALL]\n",
               argument);
  std::exit(2);
}

Options read_options(int count, char **arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const char *name = arguments[i];
    const char *value = i + 1 < count ? arguments[i + 1] : "";
    if (std::strcmp(name, "--list") == 0) {
      options.is_list = true;
      continue;
    }
    if (std::strcmp(name, "--verbose") == 0) {
      options.is_verbose = true;
      continue;
    }
    ++i;
    if (std::strcmp(name, "--scenario") == 0 && *value) {
      options.scenario = value;
    } else if (std::strcmp(name, "--fail") == 0 && *value) {
      static std::string kind;
      const char *colon = std::strchr(value, ':');
      kind.assign(value, colon ? static_cast<size_t>(colon - value) : std::strlen(value));
      options.kind = kind.c_str();
      options.call = colon ? std::atoi(colon + 1) : 0;
    } else if (std::strcmp(name, "--part") != 0 || std::sscanf(value, "%d/%d", &options.part, &options.parts) != 2 ||
               options.part < 1 || options.part > options.parts) {
      refuse(name);
    } else {
      --options.part;
    }
  }
  return options;
}

class Runner {
 public:
  explicit Runner(const Options &options) : options_(options) {}

  // Those that start the runtime first: later children are forked from a process that knows the machine.
  void run_all() {
    for (const bool is_cold : {true, false}) {
      // A forked child leaves the parent's runtime as it is, which a leak check takes for a leak.
      if (!is_cold && !under_asan) lithe_hart_count();
      for (const Scenario *scenario = Scenario::first(); scenario; scenario = scenario->next()) {
        if (scenario->is_cold() != is_cold) continue;
        if (options_.scenario && std::strcmp(options_.scenario, scenario->name()) != 0) continue;
        ++found_;
        if (options_.is_list) {
          std::printf("%s\n", scenario->name());
        } else if (found_ % options_.parts == options_.part || options_.scenario) {
          run(*scenario);
        }
      }
    }
  }

  int finish() const {
    if (options_.is_list) return 0;
    if (found_ == 0) {
      std::printf("there is no scenario \"%s\"\n", options_.scenario);
      return 2;
    }
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  void run(const Scenario &scenario) {
    const Verdict usual = try_out(scenario, nullptr, 0, nullptr);
    if (!usual.complaint.empty()) {
      ++failed_;
      std::printf("FAILED: %s, without any failure\n%s\n", scenario.name(), usual.complaint.c_str());
      return;
    }
    int trials = 0, refused = 0;
    for (const Failure &failure : failures) {
      if (options_.kind && std::strcmp(options_.kind, failure.name) != 0) continue;
      for (int call = options_.call > 0 ? options_.call : 1;; ++call) {
        const Verdict verdict = try_out(scenario, &failure, call, &usual.balance);
        const bool is_right = verdict.complaint.empty();
        if (!verdict.is_reached && is_right) break;
        ++trials;
        ++(is_right ? passed_ : failed_);
        refused += verdict.code != 0;
        if (!is_right) {
          std::printf("FAILED: --scenario \"%s\" --fail %s:%d\n%s\n", scenario.name(), failure.name, call,
                      verdict.complaint.c_str());
        } else if (options_.is_verbose) {
          std::printf("  %s:%d: %s\n", failure.name, call, lithe_strerror(verdict.code));
        }
        if (options_.call > 0) break;
        if (call == most_calls) {
          ++failed_;
          std::printf("FAILED: --scenario \"%s\": %s has no end\n", scenario.name(), failure.name);
          break;
        }
      }
    }
    std::printf("%s: %d failures, %d of them absorbed\n", scenario.name(), trials, trials - refused);
    std::fflush(stdout);
  }

  const Options options_;
  int found_ = 0, passed_ = 0, failed_ = 0;
};

}  // namespace

int main(int count, char **arguments) {
  Runner runner(read_options(count, arguments));
  runner.run_all();
  return runner.finish();
}
