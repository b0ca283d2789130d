// Loops whose iterations wait for each other: every result that depends on the order is that of the serial loop, with any
// schedule and more threads than harts. Compiled with -fopenmp.
#include <atomic>
#include <cstdint>
#include <doctest/doctest.h>
#include <omp.h>
#include <vector>

#include "testing/scale.hpp"

using harts::testing::rounds;

namespace {

// Sets schedule(runtime) for a scope.
class Schedule {
 public:
  Schedule(omp_sched_t kind, int chunk) {
    omp_get_schedule(&kind_, &chunk_);
    omp_set_schedule(kind, chunk);
  }
  ~Schedule() { omp_set_schedule(kind_, chunk_); }

 private:
  omp_sched_t kind_;
  int chunk_;
};

struct Kind {
  omp_sched_t kind;
  int chunk;
};
constexpr Kind kinds[] = {{omp_sched_static, 0},  {omp_sched_static, 1}, {omp_sched_static, 5}, {omp_sched_dynamic, 1},
                          {omp_sched_dynamic, 7}, {omp_sched_guided, 1}, {omp_sched_guided, 3}};

TEST_CASE("doacross: a chain is followed link by link") {
  constexpr int n = 400;
  for (const Kind &kind : kinds) {
    const Schedule schedule(kind.kind, kind.chunk);
    for (const int threads : {1, 2, 7}) {
      std::vector<uint64_t> values(n, 0);
#pragma omp parallel num_threads(threads)
      {
#pragma omp for schedule(runtime) ordered(1)
        for (int i = 0; i < n; ++i) {
#pragma omp ordered depend(sink : i - 1)
          values[static_cast<size_t>(i)] =
              i == 0 ? 1 : values[static_cast<size_t>(i) - 1] * 3 + static_cast<uint64_t>(i);
#pragma omp ordered depend(source)
        }
      }
      uint64_t expected = 1;
      bool is_right = values[0] == expected;
      for (uint64_t i = 1; i < n; ++i) is_right = is_right && values[i] == (expected = expected * 3 + i);
      CHECK_MESSAGE(is_right, "schedule ", kind.kind, ",", kind.chunk, " with ", threads, " threads");
    }
  }
}

// Each point from its neighbours above and to the left.
void sweep(std::vector<uint64_t> &grid, int rows, int columns) {
  const auto at = [&grid, columns](int i, int j) -> uint64_t & { return grid[static_cast<size_t>(i * columns + j)]; };
#pragma omp for schedule(runtime) ordered(2)
  for (int i = 1; i < rows; ++i) {
    for (int j = 1; j < columns; ++j) {
#pragma omp ordered depend(sink : i - 1, j) depend(sink : i, j - 1)
      at(i, j) = at(i - 1, j) * 31 + at(i, j - 1) * 17 + 1;
#pragma omp ordered depend(source)
    }
  }
}

TEST_CASE("doacross: a wavefront goes through two loops, again and again, in teams of any size") {
  constexpr int rows = 24, columns = 19;
  std::vector<uint64_t> expected(rows * columns, 1);
  for (int i = 1; i < rows; ++i) {
    for (int j = 1; j < columns; ++j) {
      const auto at = [&](int a, int b) -> uint64_t & { return expected[static_cast<size_t>(a * columns + b)]; };
      at(i, j) = at(i - 1, j) * 31 + at(i, j - 1) * 17 + 1;
    }
  }
  for (const Kind &kind : kinds) {
    const Schedule schedule(kind.kind, kind.chunk);
    for (const int threads : {1, 2, 3, 16}) {
      std::vector<uint64_t> grid;
      int wrong = 0;
#pragma omp parallel num_threads(threads)
      for (int round = 0; round < rounds(20); ++round) {
#pragma omp single
        grid.assign(rows * columns, 1);
        sweep(grid, rows, columns);
#pragma omp single
        wrong += grid != expected;
      }
      CHECK_MESSAGE(wrong == 0, "schedule ", kind.kind, ",", kind.chunk, " with ", threads, " threads");
    }
  }
}

TEST_CASE("doacross: unsigned and downward loops, with collapsed outer ones") {
  constexpr unsigned long long n = 40;
  std::vector<uint64_t> up(n, 0), down(n, 0), flat(n * n, 0);
#pragma omp parallel num_threads(4)
  {
#pragma omp for schedule(dynamic, 2) ordered(1)
    for (unsigned long long i = 0; i < n; i += 1) {
#pragma omp ordered depend(sink : i - 1)
      up[i] = i == 0 ? 1 : up[i - 1] + i;
#pragma omp ordered depend(source)
    }
#pragma omp for schedule(static, 1) ordered(1)
    for (long i = n - 1; i >= 0; i -= 1) {
      const auto at = static_cast<size_t>(i);
#pragma omp ordered depend(sink : i + 1)
      down[at] = at == n - 1 ? 1 : down[at + 1] + at;
#pragma omp ordered depend(source)
    }
#pragma omp for collapse(2) schedule(static) ordered(2)
    for (int i = 0; i < static_cast<int>(n); ++i) {
      for (int j = 0; j < static_cast<int>(n); ++j) {
        const size_t at = static_cast<size_t>(i) * n + static_cast<size_t>(j);
#pragma omp ordered depend(sink : i - 1, j)
        flat[at] = i == 0 ? static_cast<uint64_t>(j) : flat[at - n] * 2 + 1;
#pragma omp ordered depend(source)
      }
    }
  }
  uint64_t sum = 1;
  for (uint64_t i = 1; i < n; ++i) CHECK(up[i] == (sum += i));
  sum = 1;
  for (uint64_t i = n - 1; i-- > 0;) CHECK(down[i] == (sum += i));
  for (size_t i = n; i < n * n; ++i) CHECK(flat[i] == flat[i - n] * 2 + 1);
}

TEST_CASE("doacross: loops without a barrier between them do not meet") {
  constexpr int n = 60, loops = 12;
  std::vector<std::vector<int>> values(loops, std::vector<int>(n, 0));
#pragma omp parallel num_threads(3)
  for (int loop = 0; loop < loops; ++loop) {
    std::vector<int> &here = values[static_cast<size_t>(loop)];
#pragma omp for schedule(static, 4) ordered(1) nowait
    for (int i = 0; i < n; ++i) {
#pragma omp ordered depend(sink : i - 1)
      here[static_cast<size_t>(i)] = (i == 0 ? loop : here[static_cast<size_t>(i) - 1]) + 1;
#pragma omp ordered depend(source)
    }
  }
  for (int loop = 0; loop < loops; ++loop) CHECK(values[static_cast<size_t>(loop)].back() == loop + n);
}

TEST_CASE("doacross: a loop without iterations, and one iteration for many threads") {
  int ran = 0;
#pragma omp parallel num_threads(5)
  for (int count = 0; count < 2; ++count) {
#pragma omp for ordered(1)
    for (int i = 0; i < count; ++i) {
#pragma omp ordered depend(sink : i - 1)
#pragma omp atomic
      ++ran;
#pragma omp ordered depend(source)
    }
  }
  CHECK(ran == 1);
}

}  // namespace
