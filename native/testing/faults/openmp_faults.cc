// OpenMP. Its calls have no error codes: teams get smaller, or the program ends and says what it could not get.
#include <cstdlib>
#include <omp.h>

#include "testing/faults/scenario.hpp"

namespace harts::testing {
namespace {

constexpr int threads = 4;

int answer(bool is_right) { return is_right ? 0 : LITHE_EINVAL; }

int parallel() {
  int sum = 0, team = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  {
    sum += 1;
#pragma omp single
    team = omp_get_num_threads();
  }
  return answer(sum == team);
}
const Scenario region("openmp: parallel", Start::warm, parallel);
const Scenario region_cold("openmp: parallel, from the start", Start::cold, parallel);

const Scenario nested("openmp: nested", Start::warm, [] {
  omp_set_max_active_levels(3);
  std::atomic<int> inner{0}, members{0};
#pragma omp parallel num_threads(2)
  {
#pragma omp parallel num_threads(2)
    {
#pragma omp parallel num_threads(2)
      {
        ++inner;
#pragma omp single
        members += omp_get_num_threads();
      }
    }
  }
  return answer(inner == members);
});

const Scenario serial("openmp: nested, serialised", Start::warm, [] {
  omp_set_max_active_levels(1);
  std::atomic<int> inner{0}, outer{0};
#pragma omp parallel num_threads(2)
  {
    ++outer;
#pragma omp parallel num_threads(2)
    ++inner;
  }
  // Where the outer region got no team, the inner one may have one.
  return answer(inner >= outer);
});

const Scenario loops("openmp: work-sharing", Start::warm, [] {
  constexpr int count = 40;
  int hits[count] = {}, sections = 0, ordered = 0, singles = 0, last = -1;
  bool is_in_order = true;
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(dynamic) nowait
    for (int i = 0; i < count; ++i) ++hits[i];
#pragma omp for schedule(guided)
    for (int i = 0; i < count; ++i) ++hits[i];
#pragma omp for schedule(static, 3) ordered
    for (int i = 0; i < count; ++i) {
#pragma omp ordered
      {
        is_in_order = is_in_order && last == i - 1;
        last = i;
        ++ordered;
      }
    }
#pragma omp sections
    {
#pragma omp section
#pragma omp atomic
      ++sections;
#pragma omp section
#pragma omp atomic
      ++sections;
    }
#pragma omp single
    ++singles;
  }
  bool is_right = is_in_order && ordered == count && sections == 2 && singles == 1;
  for (const int hit : hits) is_right = is_right && hit == 2;
  return answer(is_right);
});

int own = 7;
#pragma omp threadprivate(own)

const Scenario storage("openmp: threadprivate and copyprivate", Start::warm, [] {
  bool is_right = true;
  own = 9;
#pragma omp parallel num_threads(threads) copyin(own)
  {
    if (own != 9) is_right = false;
    int value = 0;
#pragma omp single copyprivate(value)
    value = 5;
    if (value != 5) is_right = false;
    own = omp_get_thread_num();
  }
  return answer(is_right);
});

const Scenario locks("openmp: locks and critical", Start::warm, [] {
  omp_lock_t lock;
  omp_nest_lock_t nest;
  omp_init_lock(&lock);
  omp_init_nest_lock(&nest);
  int guarded = 0, team = 0;
#pragma omp parallel num_threads(threads)
  {
    omp_set_lock(&lock);
    ++guarded;
    omp_unset_lock(&lock);
    omp_set_nest_lock(&nest);
    omp_set_nest_lock(&nest);
#pragma omp critical
    ++guarded;
    omp_unset_nest_lock(&nest);
    omp_unset_nest_lock(&nest);
#pragma omp critical(named)
    ++guarded;
#pragma omp single
    team = omp_get_num_threads();
  }
  omp_destroy_lock(&lock);
  omp_destroy_nest_lock(&nest);
  return answer(guarded >= team && guarded <= 3 * team);
});

// Everything of the environment that is a list or a text.
const Scenario environment("openmp: the environment", Start::cold, [] {
  setenv("OMP_NUM_THREADS", "3,2", 1);
  setenv("OMP_DISPLAY_ENV", "verbose", 1);
  setenv("OMP_SCHEDULE", "monotonic:dynamic,3", 1);
  return parallel();
});

const Scenario in_context("openmp: parallel in contexts", Start::warm, [] {
  Shared shared;
  const lithe_context_attr_t attr = {0, LITHE_CONTEXT_FRESH};
  return in_contexts<Shared>(
      shared, 2, [](void *arg) { static_cast<Shared *>(arg)->codes.note(parallel()); }, nullptr, &attr);
});

}  // namespace
}  // namespace harts::testing
