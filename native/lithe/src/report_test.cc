// HARTS_REPORT, in processes of their own.
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("report child: work" * doctest::skip()) {
  each_context(4, [](int) { lithe_context_yield(); });
}

TEST_CASE("report child: nothing" * doctest::skip()) {}

TEST_CASE("report: HARTS_REPORT=1 writes to stderr at exit what was done" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("report child: work", {"HARTS_REPORT=1", "HARTS=1"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  for (const char *line : {"harts: report of lithe_test, process ", "\n  harts                           1\n",
                           "\n  most busy at a time             1\n", "\n  schedulers entered ", "\n  grants ",
                           "\n  context switches ", "\n  since first use ", "\n  processor time "}) {
    CHECK_MESSAGE(outcome.says(line), line, " in ", outcome.output);
  }
}

TEST_CASE("report: says so when harts were not used, and nothing when it is not wanted" *
          doctest::test_suite("process")) {
  CHECK(run_case("report child: nothing", {"HARTS_REPORT=1"}).says("not used: no parallel region and no job ran"));
  CHECK(!run_case("report child: work", {"HARTS_REPORT="}).says("report of"));
  CHECK(!run_case("report child: work", {"HARTS_REPORT=0"}).says("report of"));
}

TEST_CASE("report: is appended to a file, or says why not" * doctest::test_suite("process")) {
  char path[] = "/tmp/harts-report-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  close(fd);
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = run_case("report child: work", {std::string("HARTS_REPORT=") + path});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
    CHECK(!outcome.says("report of"));
  }
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  unlink(path);
  const size_t first = text.str().find("report of");
  CHECK(first != std::string::npos);
  CHECK(text.str().find("report of", first + 1) != std::string::npos);
  CHECK(run_case("report child: work", {"HARTS_REPORT=/nowhere/report"}).says("/nowhere/report could not be written"));
}

}  // namespace
