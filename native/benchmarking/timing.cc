#include "benchmarking/timing.h"

#include <numeric>
#include <utility>

namespace harts::bench {

double ns_per_tick() {
  static const double value = [] {
    const uint64_t start_ns = now_ns();
    const uint64_t start = ticks();
    while (now_ns() - start_ns < 20'000'000) {
    }
    const uint64_t end = ticks();
    const uint64_t end_ns = now_ns();
    return static_cast<double>(end_ns - start_ns) / static_cast<double>(end - start);
  }();
  return value;
}

double midmean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t quarter = values.size() / 4;
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(quarter);
  const auto last = values.end() - static_cast<std::ptrdiff_t>(quarter);
  return std::accumulate(first, last, 0.0) / static_cast<double>(last - first);
}

double empty_interval() {
  static const double value = [] {
    std::vector<double> each;
    for (int i = 0; i < 1001; ++i) {
      const uint64_t start = ticks();
      each.push_back(static_cast<double>(ticks() - start));
    }
    return midmean(std::move(each));
  }();
  return value;
}

void spin_for_ns(uint64_t duration) {
  const uint64_t start = ticks();
  const auto length = static_cast<uint64_t>(static_cast<double>(duration) / ns_per_tick());
  while (ticks() - start < length) cpu_relax();
}

}  // namespace harts::bench
