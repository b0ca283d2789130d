#include "addon/job_plan.h"

#include <cmath>
#include <limits>
#include <utility>

namespace harts::addon {
namespace {

class Decoder {
 public:
  Decoder(const PlanInput &input, std::string *problem) : input_(input), problem_(problem) {}

  bool node(Node *out, int depth, bool in_loop) {
    if (depth > kMaxPlanDepth) return fail("is nested too deeply");
    std::int32_t op = -1;
    if (!word(&op)) return false;
    switch (op) {
      case static_cast<std::int32_t>(Op::kCall):
        out->op = Op::kCall;
        out->leaf = true;
        return call(out);
      case static_cast<std::int32_t>(Op::kSequence):
      case static_cast<std::int32_t>(Op::kParallel): {
        out->op = static_cast<Op>(op);
        std::int32_t count = 0;
        if (!word(&count)) return false;
        // Each child takes at least two words, so a count that cannot fit is refused before memory is taken for it.
        if (count < 0 || static_cast<std::size_t>(count) > input_.code_length - at_)
          return fail("has a bad child count");
        return children(out, count, depth, in_loop);
      }
      case static_cast<std::int32_t>(Op::kForEach):
        out->op = Op::kForEach;
        if (!count(&out->count, kMaxForEachCount) || !call(out)) return false;
        return out->scalars.empty() ? fail("has a forEach without an index") : true;
      case static_cast<std::int32_t>(Op::kRepeat):
        out->op = Op::kRepeat;
        out->outermost = !in_loop;
        return count(&out->count, 9007199254740991.0) && children(out, 1, depth, true);
      case static_cast<std::int32_t>(Op::kUntil):
        out->op = Op::kUntil;
        out->outermost = !in_loop;
        return until(out) && children(out, 1, depth, true);
      default:
        return fail("has an unknown operation");
    }
  }

  bool at_end() { return at_ == input_.code_length ? true : fail("has words after its end"); }

 private:
  bool fail(const char *what) {
    if (problem_->empty()) *problem_ = "The plan " + std::string(what) + " at word " + std::to_string(at_) + ".";
    return false;
  }

  bool word(std::int32_t *out) {
    if (at_ >= input_.code_length) return fail("ends early");
    *out = input_.code[at_++];
    return true;
  }

  /* The next word as an index below `limit`. */
  bool index(std::size_t limit, std::size_t *out) {
    std::int32_t value = -1;
    if (!word(&value)) return false;
    if (value < 0 || static_cast<std::size_t>(value) >= limit) return fail("has an index out of range");
    *out = static_cast<std::size_t>(value);
    return true;
  }

  bool count(std::uint64_t *out, double most) {
    std::size_t number = 0;
    if (!index(input_.number_count, &number)) return false;
    const double value = input_.numbers[number];
    if (!(value >= 0 && value <= most) || std::floor(value) != value) return fail("has a bad count");
    *out = static_cast<std::uint64_t>(value);
    return true;
  }

  bool call(Node *out) {
    std::size_t entry = 0;
    std::int32_t arrays = 0;
    if (!index(input_.entry_count, &entry) || !word(&arrays)) return false;
    if (arrays < 0 || static_cast<std::size_t>(arrays) > input_.code_length - at_) return fail("has a bad array count");
    out->entry = input_.entries[entry];
    out->arrays.reserve(static_cast<std::size_t>(arrays));
    for (std::int32_t i = 0; i < arrays; ++i) {
      std::size_t array = 0;
      if (!index(input_.array_count, &array)) return false;
      out->arrays.push_back(input_.arrays[array]);
    }
    std::int32_t first = 0, scalars = 0;
    if (!word(&first) || !word(&scalars)) return false;
    if (first < 0 || scalars < 0 ||
        static_cast<std::size_t>(first) + static_cast<std::size_t>(scalars) > input_.number_count)
      return fail("has scalars out of range");
    if (static_cast<std::size_t>(scalars) > kMaxScalars) return fail("has a call with too many scalars");
    out->scalars.assign(input_.numbers + first, input_.numbers + first + scalars);
    return true;
  }

  bool until(Node *out) {
    std::size_t array = 0;
    std::int32_t most = 0;
    if (!index(input_.array_count, &array) || !word(&most)) return false;
    if (input_.arrays[array].length < 1) return fail("has an empty flag");
    out->flag = static_cast<const std::int32_t *>(input_.arrays[array].data);
    if (most == -1) {
      out->count = std::numeric_limits<std::uint64_t>::max();
      return true;
    }
    --at_;
    return count(&out->count, 9007199254740991.0);
  }

  bool children(Node *out, std::int32_t count, int depth, bool in_loop) {
    out->children.resize(static_cast<std::size_t>(count));
    bool all_leaves = true;
    for (Node &child : out->children) {
      if (!node(&child, depth + 1, in_loop)) return false;
      all_leaves = all_leaves && child.leaf;
    }
    // A parallel needs the team, or contexts of its own; a loop may be long and must let others run.
    out->leaf = all_leaves && out->op == Op::kSequence;
    return true;
  }

  const PlanInput &input_;
  std::string *problem_;
  std::size_t at_ = 0;
};

}  // namespace

bool decode_plan(const PlanInput &input, Node *out, std::string *problem) {
  problem->clear();
  Decoder decoder(input, problem);
  return decoder.node(out, 0, false) && decoder.at_end();
}

}  // namespace harts::addon
