#include <atomic>
#include <cerrno>
#include <chrono>
#include <doctest/doctest.h>
#include <vector>

#include "addon/job.h"
#include "lithe/lithe.h"
#include "testing/fault_injection.hpp"

namespace {

using namespace harts::addon;

double sleepless(const ArrayView *arrays, const double *) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  while (std::chrono::steady_clock::now() < until) {
  }
  static_cast<std::atomic<long> *>(arrays[0].data)->fetch_add(1);
  return 0;
}

Node for_each(std::uint64_t count, std::atomic<long> *bumps) {
  Node node;
  node.op = Op::kForEach;
  node.count = count;
  node.entry = sleepless;
  node.arrays = {{bumps, 1}};
  node.scalars = {0};
  return node;
}

TEST_CASE("a job runs to its end on the contexts there are when no more can be had") {
  for (const int successes : {0, 1, 3}) {
    CAPTURE(successes);
    std::atomic<long> bumps{0};
    Node parallel, sequence;
    parallel.op = Op::kParallel;
    for (int i = 0; i < 8; ++i) parallel.children.push_back(for_each(40, &bumps));
    sequence.op = Op::kSequence;
    sequence.children = {parallel, for_each(200, &bumps)};
    Job job(sequence);
    lithe_context_pool_trim();
    harts::testing::fail_calls(harts::testing::Fault::thread, successes, 1'000'000, EAGAIN);
    job.run();
    CHECK(harts::testing::failed_calls() > 0);
    harts::testing::fail_nothing();
    CHECK(job.outcome() == Job::Outcome::kDone);
    CHECK(bumps == 8 * 40 + 200);
  }
}

}  // namespace
