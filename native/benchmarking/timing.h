// Clocks and medians for the native benches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace harts::bench {

inline uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// The cheapest clock of this processor, for single operations that take less than a call of clock_gettime. The fences
// keep the timed operation between two readings.
inline uint64_t ticks() {
#if defined(__x86_64__)
  _mm_lfence();
  const uint64_t value = __rdtsc();
  _mm_lfence();
  return value;
#elif defined(__aarch64__)
  uint64_t value;
  asm volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(value)::"memory");
  return value;
#else
  return now_ns();
#endif
}

// Nanoseconds per tick; measured once, 20 ms long.
double ns_per_tick();

// What `ticks() - ticks()` gives with nothing in between; subtract it from the length of a single operation.
double empty_interval();

// Busy for about that long, without entering the kernel.
void spin_for_ns(uint64_t duration);

inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
#error "harts does not know this processor: add its spin-loop hint here"
#endif
}

// The value in the middle; the mean of the two in the middle for an even count. `values` must not be empty.
inline double median(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle), values.end());
  const double upper = values[middle];
  if (values.size() % 2 != 0) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle))) / 2;
}

// The mean of the middle half: as robust as the median, and finer than the clock's step. For single operations that are
// about as long as that step. `values` must not be empty.
double midmean(std::vector<double> values);

// How many consecutive batches make one sample. The median of them is the sample, so that a batch that was interrupted
// by another process does not show.
constexpr int batches_per_sample = 5;

// `batch(count)` does `count` operations and returns the nanoseconds that they took.
template <class Batch>
double median_per_operation(int count, Batch batch) {
  std::vector<double> each;
  for (int i = 0; i < batches_per_sample; ++i) each.push_back(static_cast<double>(batch(count)) / count);
  return median(std::move(each));
}

// The same for an operation that is simply done `count` times, after some for warm-up.
template <class Operation>
double median_of_calls(int count, Operation operation) {
  const auto batch = [&](int calls) {
    const uint64_t start = now_ns();
    for (int i = 0; i < calls; ++i) operation();
    return now_ns() - start;
  };
  batch(100);
  return median_per_operation(count, batch);
}

}  // namespace harts::bench
