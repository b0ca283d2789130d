// Jobs of the addon: plans run by flows, teams and branches.
#include <atomic>
#include <utility>

#include "addon/job.h"
#include "testing/faults/scenario.hpp"

namespace harts::testing {
namespace {

using namespace harts::addon;

std::atomic<long> bumps{0};

double bump(const ArrayView *, const double *) {
  bumps.fetch_add(1, std::memory_order_relaxed);
  return 0;
}
// Long enough for a forEach of some to be worth helpers.
double dawdle(const ArrayView *, const double *) {
  const uint64_t end = lithe_clock_after(50'000);
  while (lithe_clock_now() < end) {
  }
  bumps.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

Node call(Entry entry) {
  Node node;
  node.op = Op::kCall;
  node.leaf = true;
  node.entry = entry;
  node.scalars = {0};
  return node;
}
Node for_each(std::uint64_t count, Entry entry) {
  Node node = call(entry);
  node.op = Op::kForEach;
  node.leaf = false;
  node.count = count;
  return node;
}
Node over(Op op, std::vector<Node> children, std::uint64_t count = 0) {
  Node node;
  node.op = op;
  node.count = count;
  node.children = std::move(children);
  return node;
}

// One that ends well has made all calls.
int run(const Node &plan, long calls) {
  lithe_context_pool_trim();
  Job job(plan);
  const long before = bumps;
  job.run();
  if (job.outcome() == Job::Outcome::kFailed) return job.problem();
  return job.outcome() == Job::Outcome::kDone && bumps - before == calls ? 0 : LITHE_EPERM;
}

const Scenario serial("job: calls", Start::warm, [] {
  static const Node plan = over(Op::kRepeat, {over(Op::kSequence, {call(bump), call(bump)})}, 3);
  return run(plan, 6);
});
const Scenario loop("job: forEach", Start::warm, [] {
  static const Node plan = for_each(12, dawdle);
  return run(plan, 12);
});
const Scenario branches("job: parallel", Start::warm, [] {
  static const Node plan = over(Op::kParallel, {for_each(4, dawdle), for_each(4, dawdle), call(bump)});
  return run(plan, 9);
});
const Scenario from_the_start("job: parallel, from the start", Start::cold, [] {
  static const Node plan = over(Op::kParallel, {for_each(3, bump), for_each(3, bump)});
  return run(plan, 6);
});

const Scenario decoded("job: decode a plan", Start::warm, [] {
  const std::int32_t code[] = {1, 2, 0, 0, 1, 0, 0, 1, 3, 1, 0, 1, 0, 0, 1};
  const double numbers[] = {0, 5};
  const Entry entry = bump;
  const ArrayView array = {nullptr, 0};
  Node plan;
  std::string problem;
  const PlanInput input = {code, std::size(code), numbers, 2, &entry, 1, &array, 1};
  if (!decode_plan(input, &plan, &problem)) return LITHE_EINVAL + 0;
  return run(plan, 6);
});

}  // namespace
}  // namespace harts::testing
