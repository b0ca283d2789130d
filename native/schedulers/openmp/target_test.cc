// Target regions on the host. Compiled with -fopenmp.
#include <cerrno>
#include <cstddef>
#include <doctest/doctest.h>
#include <omp.h>
#include <vector>

namespace {

struct Large {
  int numbers[40];
};

TEST_CASE("target: the region sees mapped data where it is, and copies of firstprivate data") {
  int mapped[3] = {1, 2, 3};
  Large own{};
  own.numbers[7] = 70;
  int scalar = 5, sum = 0;
#pragma omp target map(tofrom : mapped, sum) firstprivate(own, scalar)
  {
    sum = own.numbers[7] + scalar;
    mapped[1] += 10;
    own.numbers[7] = 0;
    scalar = 0;
  }
  CHECK(sum == 75);
  CHECK(mapped[1] == 12);
  CHECK(own.numbers[7] == 70);
  CHECK(scalar == 5);
}

TEST_CASE("target: it is outside every region, and may start regions of its own") {
  int levels = 0, threads = 0, in_parallel = 0;
#pragma omp parallel num_threads(2)
#pragma omp single
  {
#pragma omp target map(tofrom : levels, threads, in_parallel)
    {
      levels = omp_get_level();
      in_parallel = omp_in_parallel();
#pragma omp parallel num_threads(3) reduction(+ : threads)
      threads += omp_get_num_threads();
    }
    CHECK(omp_get_level() == 1);
  }
  CHECK(levels == 0);
  CHECK(in_parallel == 0);
  CHECK(threads == 9);
}

TEST_CASE("target: teams inside it, with limits on threads") {
  int limit = 0, teams = 0, numbers = 0, most = 0;
#pragma omp target map(tofrom : limit, teams, numbers, most) thread_limit(5)
  {
    limit = omp_get_thread_limit();
#pragma omp teams num_teams(3) thread_limit(2) shared(teams, numbers, most)
    {
      teams += omp_get_num_teams();
      numbers += omp_get_team_num();
#pragma omp parallel num_threads(4) reduction(max : most)
      most = omp_get_num_threads();
    }
  }
  CHECK(limit == 5);
  CHECK(teams == 9);
  CHECK(numbers == 0 + 1 + 2);
  CHECK(most == 2);
}

TEST_CASE("target: data constructs move nothing") {
  std::vector<double> data(100, 1.0);
  double *values = data.data();
#pragma omp target data map(tofrom : values [0:100])
  {
#pragma omp target teams distribute parallel for map(tofrom : values [0:100])
    for (int i = 0; i < 100; ++i) values[i] += i;
#pragma omp target update from(values [0:100])
    CHECK(values[99] == 100.0);
  }
#pragma omp target enter data map(to : values [0:100])
#pragma omp target nowait map(tofrom : values [0:100])
  values[0] = -1;
#pragma omp target exit data map(from : values [0:100])
  CHECK(values[0] == -1.0);
}

TEST_CASE("target: memory of the host is that of the device") {
  const int host = omp_get_initial_device();
  CHECK(omp_get_num_devices() == 0);
  auto *numbers = static_cast<int *>(omp_target_alloc(20 * sizeof(int), host));
  REQUIRE(numbers != nullptr);
  CHECK(omp_target_is_present(numbers, host) == 1);
  CHECK(omp_target_alloc(8, 7) == nullptr);
  CHECK(omp_target_alloc(0, host) == nullptr);
  int source[20];
  for (int i = 0; i < 20; ++i) source[i] = i;
  CHECK(omp_target_memcpy(numbers, source, 5 * sizeof(int), sizeof(int), 2 * sizeof(int), host, host) == 0);
  CHECK(numbers[1] == 2);
  CHECK(numbers[5] == 6);
  CHECK(omp_target_memcpy(numbers, source, 4, 0, 0, 3, host) == EINVAL);
  // Two rows of three from (1, 1) of 4 x 5 to (0, 2) of 2 x 10.
  const std::size_t volume[] = {2, 3}, to[] = {0, 2}, from[] = {1, 1}, to_size[] = {2, 10}, from_size[] = {4, 5};
  CHECK(omp_target_memcpy_rect(numbers, source, sizeof(int), 2, volume, to, from, to_size, from_size, host, host) == 0);
  CHECK(numbers[2] == 6);
  CHECK(numbers[4] == 8);
  CHECK(numbers[12] == 11);
  CHECK(numbers[14] == 13);
  const std::size_t too_far[] = {3, 3};
  CHECK(omp_target_memcpy_rect(numbers, source, sizeof(int), 2, too_far, to, from, to_size, from_size, host, host) ==
        EINVAL);
  CHECK(omp_target_memcpy_rect(nullptr, nullptr, 4, 0, nullptr, nullptr, nullptr, nullptr, nullptr, host, host) >= 3);
  CHECK(omp_target_associate_ptr(source, numbers, 8, 0, host) == EINVAL);
  omp_target_free(numbers, host);
}

}  // namespace
