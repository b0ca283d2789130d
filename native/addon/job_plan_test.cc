#include "addon/job_plan.h"

#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace harts::addon;

double no_kernel(const ArrayView *, const double *) { return 0; }

// A plan with one node of each kind: until(flag, sequence(parallel(call, call), forEach, repeat(call))).
struct Sample {
  std::vector<std::int32_t> code = {5, 0, 6,                     // until array 0, at most numbers[6] passes
                                    1, 3,                        // sequence of 3
                                    2, 2, 0, 0, 1, 1, 0, 2,      // parallel of 2: call entry 0, array 1, scalars 0..1
                                    0, 0, 0, 2, 0,               //   call entry 0, no arrays, no scalars
                                    3, 3, 0, 1, 1, 4, 1,         // forEach numbers[3]: entry 0, array 1, scalar 4
                                    4, 5, 0, 0, 2, 0, 1, 0, 0};  // repeat numbers[5]: call entry 0, arrays 0 and 1
  std::vector<double> numbers = {1.5, -2, 0, 30, 0, 7, 9};
  std::vector<Entry> entries = {no_kernel};
  std::vector<std::int32_t> flag = {0};
  std::vector<double> data = {1, 2, 3};
  std::vector<ArrayView> arrays = {{flag.data(), 1}, {data.data(), 3}};

  bool decode(Node *out, std::string *problem) const {
    const PlanInput input{code.data(),    code.size(),    numbers.data(), numbers.size(),
                          entries.data(), entries.size(), arrays.data(),  arrays.size()};
    return decode_plan(input, out, problem);
  }
};

TEST_CASE("a plan decodes to the tree that it was written from") {
  const Sample sample;
  Node root;
  std::string problem;
  REQUIRE_MESSAGE(sample.decode(&root, &problem), problem);
  CHECK(root.op == Op::kUntil);
  CHECK(root.flag == sample.flag.data());
  CHECK(root.count == 9);
  CHECK(root.outermost);
  const Node &sequence = root.children.at(0);
  CHECK(sequence.op == Op::kSequence);
  CHECK(!sequence.leaf);
  const Node &parallel = sequence.children.at(0);
  CHECK(parallel.op == Op::kParallel);
  CHECK(!parallel.leaf);
  CHECK(parallel.children.at(0).leaf);
  CHECK(parallel.children.at(0).arrays.at(0).length == 3);
  CHECK(parallel.children.at(0).scalars == std::vector<double>{1.5, -2});
  CHECK(parallel.children.at(1).arrays.empty());
  const Node &for_each = sequence.children.at(1);
  CHECK(for_each.op == Op::kForEach);
  CHECK(for_each.count == 30);
  CHECK((for_each.entry == no_kernel));
  const Node &repeat = sequence.children.at(2);
  CHECK(repeat.op == Op::kRepeat);
  CHECK(repeat.count == 7);
  CHECK(!repeat.outermost);
  CHECK(repeat.children.at(0).arrays.size() == 2);
}

TEST_CASE("a plan that ends anywhere but at its end is refused") {
  Sample sample;
  Node root;
  std::string problem;
  sample.code.push_back(0);
  CHECK(!sample.decode(&root, &problem));
  CHECK(problem.find("word") != std::string::npos);
  while (sample.code.size() > 1) {
    sample.code.pop_back();
    if (sample.code.size() == Sample().code.size()) continue;
    Node part;
    CHECK(!sample.decode(&part, &problem));
  }
}

TEST_CASE("a plan with wrong words is refused or decodes, but never reads outside its tables") {
  std::mt19937 random(20260101);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Sample sample;
    const int wrong = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < wrong; ++i) {
      const std::int32_t values[] = {-1, static_cast<std::int32_t>(random() % 12), static_cast<std::int32_t>(random()),
                                     std::numeric_limits<std::int32_t>::max(),
                                     std::numeric_limits<std::int32_t>::min()};
      sample.code[random() % sample.code.size()] = values[random() % 5];
    }
    Node root;
    std::string problem;
    if (sample.decode(&root, &problem)) continue;
    ++refused;
    REQUIRE(!problem.empty());
  }
  CHECK(refused > 1000);
}

TEST_CASE("counts that are no counts are refused") {
  for (const double count : {-1.0, 0.5, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), kMaxForEachCount + 1}) {
    CAPTURE(count);
    Sample sample;
    sample.numbers[3] = count;
    Node root;
    std::string problem;
    CHECK(!sample.decode(&root, &problem));
  }
}

TEST_CASE("a plan nested beyond the limit is refused, not followed") {
  Sample sample;
  sample.code.clear();
  for (int i = 0; i < 1'000'000; ++i) sample.code.insert(sample.code.end(), {1, 1});
  sample.code.insert(sample.code.end(), {1, 0});
  Node root;
  std::string problem;
  CHECK(!sample.decode(&root, &problem));
  CHECK(problem.find("deep") != std::string::npos);
}

}  // namespace
