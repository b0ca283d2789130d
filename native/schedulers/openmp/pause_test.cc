// Giving back what is kept between regions. Compiled with -fopenmp.
#include <doctest/doctest.h>
#include <omp.h>

namespace {

int kept = 1;
#pragma omp threadprivate(kept)

int sum_of_kept() {
  int sum = 0;
#pragma omp parallel num_threads(3) reduction(+ : sum)
  sum += kept;
  return sum;
}

TEST_CASE("pause: a soft one keeps threadprivate variables, a hard one ends the threads with theirs") {
#pragma omp parallel num_threads(3)
  kept = 10;
  CHECK(sum_of_kept() == 30);
  CHECK(omp_pause_resource(omp_pause_soft, omp_get_initial_device()) == 0);
  CHECK(sum_of_kept() == 30);
  CHECK(omp_pause_resource_all(omp_pause_hard) == 0);
  // The calling thread is not one of those that ended.
  CHECK(sum_of_kept() == 10 + 1 + 1);
}

TEST_CASE("pause: it is refused inside regions, for other devices and of other kinds") {
  int refused = 0;
#pragma omp parallel num_threads(2) reduction(+ : refused)
  refused += omp_pause_resource_all(omp_pause_hard) != 0;
  CHECK(refused == 2);
  CHECK(omp_pause_resource(omp_pause_soft, 3) != 0);
  CHECK(omp_pause_resource(static_cast<omp_pause_resource_t>(0), 0) != 0);
  CHECK(sum_of_kept() >= 3);
}

}  // namespace
