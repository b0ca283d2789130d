// Loops and sections: each iteration exactly once, whatever the schedule, the step and the type. Compiled with
// -fopenmp.
#include <atomic>
#include <climits>
#include <cstdint>
#include <doctest/doctest.h>
#include <omp.h>
#include <random>
#include <vector>

#include "lithe/lithe.h"

using Ull = unsigned long long;

extern "C" {
bool GOMP_loop_static_start(long, long, long, long, long *, long *);
bool GOMP_loop_static_next(long *, long *);
bool GOMP_loop_dynamic_start(long, long, long, long, long *, long *);
bool GOMP_loop_dynamic_next(long *, long *);
bool GOMP_loop_guided_start(long, long, long, long, long *, long *);
bool GOMP_loop_guided_next(long *, long *);
bool GOMP_loop_ull_static_start(bool, Ull, Ull, Ull, Ull, Ull *, Ull *);
bool GOMP_loop_ull_static_next(Ull *, Ull *);
bool GOMP_loop_ull_dynamic_start(bool, Ull, Ull, Ull, Ull, Ull *, Ull *);
bool GOMP_loop_ull_dynamic_next(Ull *, Ull *);
bool GOMP_loop_ull_guided_start(bool, Ull, Ull, Ull, Ull, Ull *, Ull *);
bool GOMP_loop_ull_guided_next(Ull *, Ull *);
void GOMP_loop_end(void);
void GOMP_loop_end_nowait(void);
}

namespace {

// What a loop did: how often each iteration ran, by its number in the loop's own order.
class Iterations {
 public:
  explicit Iterations(size_t trips) : counts_(trips) {}
  void run(uint64_t number) {
    if (number < counts_.size()) {
      counts_[number]++;
    } else {
      outside_++;
    }
  }
  bool each_once() const {
    for (auto &count : counts_) {
      if (count != 1) return false;
    }
    return outside_ == 0;
  }

 private:
  std::vector<std::atomic<int>> counts_;
  std::atomic<int> outside_{0};
};

struct SignedCalls {
  bool (*start)(long, long, long, long, long *, long *);
  bool (*next)(long *, long *);
};
struct UnsignedCalls {
  bool (*start)(bool, Ull, Ull, Ull, Ull, Ull *, Ull *);
  bool (*next)(Ull *, Ull *);
};

constexpr SignedCalls signed_calls[] = {{GOMP_loop_static_start, GOMP_loop_static_next},
                                        {GOMP_loop_dynamic_start, GOMP_loop_dynamic_next},
                                        {GOMP_loop_guided_start, GOMP_loop_guided_next}};
constexpr UnsignedCalls unsigned_calls[] = {{GOMP_loop_ull_static_start, GOMP_loop_ull_static_next},
                                            {GOMP_loop_ull_dynamic_start, GOMP_loop_ull_dynamic_next},
                                            {GOMP_loop_ull_guided_start, GOMP_loop_ull_guided_next}};

// Runs the loop as compiled code does: from `first` while before `last`.
bool covers(const SignedCalls &calls, int threads, long from, long to, long step, long chunk, size_t trips) {
  Iterations iterations(trips);
#pragma omp parallel num_threads(threads)
  {
    long first, last;
    if (calls.start(from, to, step, chunk, &first, &last)) {
      do {
        /* In unsigned arithmetic, since the value after the last iteration may not be representable. */
        const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
        uint64_t left = step > 0 ? static_cast<uint64_t>(last) - static_cast<uint64_t>(first)
                                 : static_cast<uint64_t>(first) - static_cast<uint64_t>(last);
        uint64_t at = (step > 0 ? static_cast<uint64_t>(first) - static_cast<uint64_t>(from)
                                : static_cast<uint64_t>(from) - static_cast<uint64_t>(first)) /
                      stride;
        for (; left > 0; left = left > stride ? left - stride : 0) iterations.run(at++);
      } while (calls.next(&first, &last));
    }
    GOMP_loop_end();
  }
  return iterations.each_once();
}

bool covers(const UnsignedCalls &calls, int threads, bool up, Ull from, Ull to, Ull step, Ull chunk, size_t trips) {
  Iterations iterations(trips);
#pragma omp parallel num_threads(threads)
  {
    Ull first, last;
    if (calls.start(up, from, to, step, chunk, &first, &last)) {
      do {
        const Ull stride = up ? step : 0 - step;
        Ull left = up ? last - first : first - last;
        Ull at = (up ? first - from : from - first) / stride;
        for (; left > 0; left = left > stride ? left - stride : 0) iterations.run(at++);
      } while (calls.next(&first, &last));
    }
    GOMP_loop_end_nowait();
  }
  return iterations.each_once();
}

TEST_CASE("openmp: every schedule covers loops of either direction, chunks beyond the range included") {
  for (const auto &calls : signed_calls) {
    for (const int threads : {1, 2, 5}) {
      for (const long chunk : {0L, 1L, 3L, 7L, 1000L, LONG_MAX}) {
        CHECK(covers(calls, threads, 0, 100, 1, chunk, 100));
        CHECK(covers(calls, threads, -7, 93, 3, chunk, 34));
        CHECK(covers(calls, threads, 50, -50, -1, chunk, 100));
        CHECK(covers(calls, threads, 50, -51, -7, chunk, 15));
        CHECK(covers(calls, threads, 5, 5, 1, chunk, 0));
        CHECK(covers(calls, threads, 5, 2, 1, chunk, 0));
        CHECK(covers(calls, threads, 2, 5, -1, chunk, 0));
        CHECK(covers(calls, threads, 3, 4, 10, chunk, 1));
      }
    }
  }
}

TEST_CASE("openmp: loops at both ends of long do not overflow") {
  for (const auto &calls : signed_calls) {
    for (const long chunk : {0L, 1L, 4L, LONG_MAX}) {
      CHECK(covers(calls, 4, LONG_MAX - 20, LONG_MAX, 3, chunk, 7));
      CHECK(covers(calls, 4, LONG_MIN + 20, LONG_MIN, -3, chunk, 7));
      CHECK(covers(calls, 4, LONG_MIN, LONG_MAX, LONG_MAX, chunk, 3));
      CHECK(covers(calls, 4, LONG_MAX, LONG_MIN, LONG_MIN, chunk, 2));
      CHECK(covers(calls, 4, LONG_MIN, LONG_MAX, 1L << 60, chunk, 16));
    }
  }
}

TEST_CASE("openmp: loops at both ends of unsigned long long do not overflow") {
  for (const auto &calls : unsigned_calls) {
    for (const Ull chunk : {0ULL, 1ULL, 5ULL, ULLONG_MAX}) {
      CHECK(covers(calls, 4, true, ULLONG_MAX - 20, ULLONG_MAX, 3, chunk, 7));
      CHECK(covers(calls, 4, false, 20, 0, 0ULL - 3, chunk, 7));
      CHECK(covers(calls, 4, true, 0, ULLONG_MAX, 1ULL << 60, chunk, 16));
      CHECK(covers(calls, 4, false, ULLONG_MAX, 0, 0ULL - (1ULL << 60), chunk, 16));
      CHECK(covers(calls, 4, true, 7, 7, 1, chunk, 0));
      CHECK(covers(calls, 4, false, 3, 9, ULLONG_MAX, chunk, 0));
    }
  }
}

TEST_CASE("openmp: random loops are covered exactly once (seeded)") {
  std::mt19937_64 random(20261);
  for (int round = 0; round < 300; ++round) {
    const long from = static_cast<long>(random() % 2000) - 1000;
    const long step = (static_cast<long>(random() % 9) + 1) * (random() % 2 ? 1 : -1);
    const long trips = static_cast<long>(random() % 150);
    /* Any end between the last iteration and the one after it means the same. */
    const long slack = trips > 0 ? static_cast<long>(random() % static_cast<uint64_t>(std::labs(step))) : 0;
    const long to = from + trips * step - (step > 0 ? slack : -slack);
    const long chunk = static_cast<long>(random() % 12);
    const int threads = 1 + static_cast<int>(random() % 6);
    INFO("from ", from, " to ", to, " step ", step, " chunk ", chunk, " threads ", threads);
    CHECK(covers(signed_calls[round % 3], threads, from, to, step, chunk, static_cast<size_t>(trips)));
  }
}

TEST_CASE("openmp: schedule(runtime) follows omp_set_schedule") {
  struct Case {
    omp_sched_t kind;
    int chunk;
  };
  for (const Case &one : {Case{omp_sched_static, 0}, Case{omp_sched_static, 4}, Case{omp_sched_dynamic, 3},
                          Case{omp_sched_guided, 2}, Case{omp_sched_auto, 0}}) {
    omp_set_schedule(one.kind, one.chunk);
    omp_sched_t kind;
    int chunk;
    omp_get_schedule(&kind, &chunk);
    CHECK(kind == one.kind);
    CHECK(chunk == one.chunk);
    Iterations iterations(97);
#pragma omp parallel for num_threads(5) schedule(runtime)
    for (int i = 0; i < 97; ++i) iterations.run(static_cast<uint64_t>(i));
    CHECK(iterations.each_once());
    Iterations with_clause(97);
#pragma omp parallel num_threads(5)
#pragma omp for schedule(monotonic : runtime) nowait
    for (Ull i = 97; i > 0; --i) with_clause.run(i - 1);
    CHECK(with_clause.each_once());
  }
  omp_set_schedule(omp_sched_dynamic, 1);
}

TEST_CASE("openmp: static schedules give each thread the iterations the standard says") {
  std::vector<int> owner(40, -1);
#pragma omp parallel num_threads(4)
  {
    long first, last;
    if (GOMP_loop_static_start(0, 40, 1, 3, &first, &last)) {
      do {
        for (long i = first; i < last; ++i) owner[static_cast<size_t>(i)] = omp_get_thread_num();
      } while (GOMP_loop_static_next(&first, &last));
    }
    GOMP_loop_end();
  }
  for (int i = 0; i < 40; ++i) CHECK(owner[static_cast<size_t>(i)] == i / 3 % 4);
}

TEST_CASE("openmp: threads run ahead through nowait loops") {
  constexpr int loops = 60;
  std::atomic<int> counts[loops] = {};
  for (int round = 0; round < 5; ++round) {
#pragma omp parallel num_threads(4)
    for (int loop = 0; loop < loops; ++loop) {
#pragma omp for schedule(dynamic, 2) nowait
      for (int i = 0; i < 10; ++i) {
        counts[loop]++;
        if ((i + omp_get_thread_num()) % 4 == 0) lithe_context_yield();
      }
    }
  }
  for (const auto &count : counts) CHECK(count == 50);
}

TEST_CASE("openmp: sections run once each") {
  for (const int threads : {1, 2, 7}) {
    std::atomic<int> ran[5] = {};
#pragma omp parallel num_threads(threads)
    {
#pragma omp sections
        {
#pragma omp section
            ran[0]++;
#pragma omp section
    ran[1]++;
#pragma omp section
    ran[2]++;
  }
}
#pragma omp parallel sections num_threads(threads)
{
#pragma omp section
  ran[3]++;
#pragma omp section
  ran[4]++;
}
for (const auto &count : ran) CHECK(count == 1);
}  // namespace
}

TEST_CASE("openmp: lastprivate and conditional lastprivate take the last value") {
  int last = 0;
  int last_even = -1;
#pragma omp parallel for num_threads(5) schedule(dynamic, 3) lastprivate(last)
  for (int i = 0; i < 100; ++i) last = i;
  CHECK(last == 99);
#pragma omp parallel for num_threads(5) schedule(dynamic, 3) lastprivate(conditional : last_even)
  for (int i = 0; i < 100; ++i) {
    if (i % 2 == 0) last_even = i;
  }
  CHECK(last_even == 98);
  int last_section = 0;
#pragma omp parallel sections num_threads(3) lastprivate(last_section)
  {
#pragma omp section
    last_section = 1;
#pragma omp section
    last_section = 2;
  }
  CHECK(last_section == 2);
}

TEST_CASE("openmp: inclusive and exclusive scans are right") {
  constexpr int size = 1000;
  std::vector<long> inclusive(size), exclusive(size);
  long sum = 0;
#pragma omp parallel for num_threads(4) reduction(inscan, + : sum)
  for (int i = 0; i < size; ++i) {
    sum += i;
#pragma omp scan inclusive(sum)
    inclusive[static_cast<size_t>(i)] = sum;
  }
  CHECK(sum == size * (size - 1) / 2);
  int wrong = 0;
  for (long i = 0; i < size; ++i) wrong += inclusive[static_cast<size_t>(i)] != i * (i + 1) / 2;
  CHECK(wrong == 0);
  sum = 0;
#pragma omp parallel for num_threads(4) reduction(inscan, + : sum)
  for (int i = 0; i < size; ++i) {
    exclusive[static_cast<size_t>(i)] = sum;
#pragma omp scan exclusive(sum)
    sum += i;
  }
  for (long i = 0; i < size; ++i) wrong += exclusive[static_cast<size_t>(i)] != i * (i - 1) / 2;
  CHECK(wrong == 0);
}

TEST_CASE("openmp: reductions of every kind add up") {
  constexpr int n = 5000;
  long sum = 0;
  unsigned bits = 0;
  int least = INT_MAX;
  bool all = true;
  long table[16] = {};
#pragma omp parallel for num_threads(7) schedule(guided) reduction(+ : sum, table) reduction(| : bits) \
    reduction(min : least) reduction(&& : all)
  for (int i = 0; i < n; ++i) {
    sum += i;
    bits |= 1u << (i % 20);
    least = i < least ? i : least;
    all = all && i >= 0;
    table[i % 16] += 1;
  }
  CHECK(sum == static_cast<long>(n) * (n - 1) / 2);
  CHECK(bits == (1u << 20) - 1);
  CHECK(least == 0);
  CHECK(all);
  long entries = 0;
  for (long entry : table) entries += entry;
  CHECK(entries == n);
}

TEST_CASE("openmp: ordered regions run in the order of the loop under every schedule") {
  for (const int threads : {1, 2, 6}) {
    std::vector<int> order;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for ordered schedule(static)
      for (int i = 0; i < 60; ++i) {
        if (i % 7 == 0) lithe_context_yield();
#pragma omp ordered
        order.push_back(i);
      }
#pragma omp for ordered schedule(static, 2)
      for (int i = 60; i < 120; ++i) {
#pragma omp ordered
        order.push_back(i);
      }
#pragma omp for ordered schedule(dynamic, 3)
      for (int i = 120; i < 180; ++i) {
        if (i % 5 == 0) lithe_context_yield();
        /* Some iterations have no ordered region. */
        if (i % 4 == 0) continue;
#pragma omp ordered
        order.push_back(i);
      }
#pragma omp for ordered schedule(guided)
      for (Ull i = 239; i >= 180; --i) {
#pragma omp ordered
        order.push_back(static_cast<int>(i));
      }
    }
    CHECK(order.size() == 60 + 60 + 45 + 60);
    int wrong = 0;
    for (size_t i = 1; i < 165; ++i) wrong += order[i] <= order[i - 1];
    for (size_t i = 166; i < order.size(); ++i) wrong += order[i] != order[i - 1] - 1;
    CHECK(wrong == 0);
  }
}

}  // namespace
