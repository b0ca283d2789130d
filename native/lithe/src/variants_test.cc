// All cases of liblithe and fork_join again, each time in a process whose runtime is set up differently.
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "testing/child_process.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

void run_all(const std::vector<std::string> &environment) {
  const Outcome outcome =
      run_self({"-sf=*native/lithe/src/*,*native/schedulers/fork_join/*", "-tse=process", "--no-intro"}, environment);
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  CHECK(outcome.says("0 failed"));
}

TEST_CASE("variant: one hart" * doctest::test_suite("process")) { run_all({"HARTS=1"}); }
TEST_CASE("variant: one hart under stress" * doctest::test_suite("process")) { run_all({"HARTS=1", "LITHE_STRESS=1"}); }
TEST_CASE("variant: eight virtual harts" * doctest::test_suite("process")) { run_all({"HARTS_VIRTUAL=8"}); }
TEST_CASE("variant: three virtual harts under stress" * doctest::test_suite("process")) {
  run_all({"HARTS_VIRTUAL=3", "LITHE_STRESS=2"});
}
TEST_CASE("variant: stress with one seed" * doctest::test_suite("process")) { run_all({"LITHE_STRESS=3"}); }
TEST_CASE("variant: stress with another seed" * doctest::test_suite("process")) { run_all({"LITHE_STRESS=1000003"}); }

}  // namespace
