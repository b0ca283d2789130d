// The main function of lithe_test, and the deadline of every test case.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>

#include "lithe/lithe.h"

namespace {

// A hang is a bug: a case that is not over in time gets all contexts dumped, and the process ends. Sanitizers and slow
// machines stretch the time through LITHE_TEST_DEADLINE (seconds).
class Watchdog {
 public:
  // Never destroyed: its thread runs until the process ends.
  static Watchdog &instance() {
    static Watchdog *watchdog = new Watchdog;
    return *watchdog;
  }
  void begin(const char *name) {
    std::lock_guard lock(mutex_);
    name_ = name;
    started_ = std::chrono::steady_clock::now();
    running_ = true;
    if (std::getenv("LITHE_TEST_VERBOSE")) std::fprintf(stderr, "%s\n", name);
  }
  void end() {
    std::lock_guard lock(mutex_);
    running_ = false;
  }

 private:
  Watchdog() {
    std::thread([this] { watch(); }).detach();
  }
  [[noreturn]] void watch() {
    const char *text = std::getenv("LITHE_TEST_DEADLINE");
    const std::chrono::seconds limit(text ? std::atoi(text) : 60);
    for (;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      std::lock_guard lock(mutex_);
      if (!running_ || std::chrono::steady_clock::now() - started_ < limit) continue;
      std::fprintf(stderr, "DEADLINE: test case \"%s\" is not over after %lld s\n", name_.c_str(),
                   static_cast<long long>(limit.count()));
      lithe_dump(2);
      std::fprintf(stderr, "[doctest] test cases: 1 | 0 passed | 1 failed (deadline)\n");
      std::_Exit(3);
    }
  }

  std::mutex mutex_;
  std::string name_;
  std::chrono::steady_clock::time_point started_;
  bool running_ = false;
};

class Deadline : public doctest::IReporter {
 public:
  explicit Deadline(const doctest::ContextOptions &) {}

  void test_case_start(const doctest::TestCaseData &data) override { Watchdog::instance().begin(data.m_name); }
  void test_case_reenter(const doctest::TestCaseData &data) override { Watchdog::instance().begin(data.m_name); }
  void test_case_end(const doctest::CurrentTestCaseStats &) override { Watchdog::instance().end(); }
  void report_query(const doctest::QueryData &) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats &) override {}
  void test_case_exception(const doctest::TestCaseException &) override {}
  void subcase_start(const doctest::SubcaseSignature &) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData &) override {}
  void log_message(const doctest::MessageData &) override {}
  void test_case_skipped(const doctest::TestCaseData &) override {}
};

DOCTEST_REGISTER_LISTENER("deadline", 1, Deadline);

}  // namespace

int main(int count, char **arguments) {
  doctest::Context context(count, arguments);
  const int result = context.run();
  // As a library user would: no teardown of the runtime, whose carriers are asleep.
  return result;
}
