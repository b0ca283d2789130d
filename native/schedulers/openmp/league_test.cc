// The teams construct on the host: each team runs, knows which one it is, and has the threads it may have. Compiled with
// -fopenmp.
#include <cstddef>
#include <doctest/doctest.h>
#include <omp.h>
#include <vector>

namespace {

// The compiler lets a teams region itself call few functions of OpenMP.
bool is_outside_regions() { return !omp_in_parallel() && omp_get_level() == 0; }
int thread_limit() { return omp_get_thread_limit(); }

TEST_CASE("teams: each of them runs once, outside every region, and knows its number at any depth") {
  std::vector<int> ran(5, 0);
  int wrong = 0;
#pragma omp teams num_teams(5) shared(ran, wrong)
  {
    const int team = omp_get_team_num();
    ++ran[static_cast<std::size_t>(team)];
    wrong += omp_get_num_teams() != 5 || !is_outside_regions();
#pragma omp parallel num_threads(3) reduction(+ : wrong)
    wrong += omp_get_team_num() != team || omp_get_num_teams() != 5 || omp_get_num_threads() != 3;
  }
  for (const int times : ran) CHECK(times == 1);
  CHECK(wrong == 0);
  CHECK(omp_get_num_teams() == 1);
  CHECK(omp_get_team_num() == 0);
}

TEST_CASE("teams: a limit on threads holds for a team and all that it starts") {
  int most = 0, limit = 0, after = 0;
#pragma omp teams num_teams(2) thread_limit(3) shared(most, limit, after)
  {
    limit = thread_limit();
#pragma omp parallel num_threads(8) reduction(max : most)
    most = omp_get_num_threads();
    // All have been given back.
#pragma omp parallel num_threads(3) reduction(max : after)
    after = omp_get_num_threads();
  }
  CHECK(limit == 3);
  CHECK(most == 3);
  CHECK(after == 3);
  CHECK(omp_get_thread_limit() > 3);
}

TEST_CASE("teams: the variables give numbers when the construct does not") {
  omp_set_num_teams(4);
  omp_set_teams_thread_limit(2);
  CHECK(omp_get_max_teams() == 4);
  CHECK(omp_get_teams_thread_limit() == 2);
  int teams = 0, limit = 0;
#pragma omp teams shared(teams, limit)
  {
    ++teams;
    limit = thread_limit();
  }
  CHECK(teams == 4);
  CHECK(limit == 2);
  omp_set_num_teams(0);
  omp_set_teams_thread_limit(0);
}

TEST_CASE("teams: a loop is distributed among them") {
  constexpr int n = 1000;
  std::vector<int> count(n, 0);
#pragma omp teams distribute parallel for num_teams(3) num_threads(2) shared(count)
  for (int i = 0; i < n; ++i) {
#pragma omp atomic
    ++count[static_cast<std::size_t>(i)];
  }
  for (const int times : count) CHECK(times == 1);
}

}  // namespace
