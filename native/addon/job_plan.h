/* The plan of a job: the tree that JS built, decoded into nodes that a context can execute without touching JS. */
#ifndef HARTS_ADDON_JOB_PLAN_H
#define HARTS_ADDON_JOB_PLAN_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace harts::addon {

/* An array as compiled kernels see it; `length` counts elements. */
struct ArrayView {
  void *data;
  std::int64_t length;
};

/* A compiled kernel. Reentrant; any thread may call it. */
using Entry = double (*)(const ArrayView *arrays, const double *scalars);

/* The words of the wire format, which src/jobs/lower.ts writes. Nodes stand in prefix order in one array of int32;
 * numbers that need 53 bits stand in a table of doubles. K is the index of an entry, A of an array, N of a number.
 *
 *   kCall      CALL                   where CALL is K, array count, A..., N of the first scalar, scalar count
 *   kSequence  n, then n nodes
 *   kParallel  n, then n nodes
 *   kForEach   N of the count, CALL   scalar 0 of the call is replaced by the index
 *   kRepeat    N of the count, then one node
 *   kUntil     A of the flag, N of the most passes or -1, then one node */
enum class Op : std::int32_t { kCall = 0, kSequence = 1, kParallel = 2, kForEach = 3, kRepeat = 4, kUntil = 5 };

struct Node {
  Op op = Op::kSequence;
  /* Nothing but calls and sequences of calls: short, so it may run on any context of the team. */
  bool leaf = false;
  /* A loop inside no other loop: its passes are the job's progress. */
  bool outermost = false;
  Entry entry = nullptr;
  const std::int32_t *flag = nullptr;
  /* kForEach: iterations; kRepeat: passes; kUntil: the most passes. */
  std::uint64_t count = 0;
  std::vector<ArrayView> arrays;
  std::vector<double> scalars;
  std::vector<Node> children;
  /* kForEach and kParallel of leaves: what one iteration costs, when `runs` is not 0. Written by the one flow that
   * executes the node, between runs of its loop. */
  mutable double nanoseconds_per_iteration = 0;
  mutable std::uint32_t runs = 0;
};

struct PlanInput {
  const std::int32_t *code;
  std::size_t code_length;
  const double *numbers;
  std::size_t number_count;
  const Entry *entries;
  std::size_t entry_count;
  const ArrayView *arrays;
  std::size_t array_count;
};

/* Nesting that a plan may have; the executor recurses on the stack of a context. */
inline constexpr int kMaxPlanDepth = 256;
/* Iterations that one kForEach may have. */
inline constexpr double kMaxForEachCount = 2147483647.0;
/* Scalars that one call may have. */
inline constexpr std::size_t kMaxScalars = 256;

/* Decodes `input` into `*out`. Every index is checked: a malformed plan gives false and a sentence in `*problem`,
 * never a wild read. Array data stays where it is and must outlive the plan. */
bool decode_plan(const PlanInput &input, Node *out, std::string *problem);

}  // namespace harts::addon

#endif
