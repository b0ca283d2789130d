// The variables OMP_* and GOMP_*: each case runs one of the cases marked as a child in a process that has them. Compiled with
// -fopenmp.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <doctest/doctest.h>
#include <omp.h>
#include <string>
#include <vector>

#include "lithe/lithe.h"
#include "schedulers/openmp/child_case.hpp"

using harts::omp::run_child;
using harts::testing::on_machine;
using harts::testing::Outcome;

extern "C" bool GOMP_cancel(int construct, bool is_asked);
extern "C" bool GOMP_cancellation_point(int construct);

namespace {

__attribute__((noinline)) long deep(int frames) {
  volatile char page[4096] = {};
  page[frames % 4096] = 1;
  return frames == 0 ? page[0] : deep(frames - 1) + page[frames % 4096];
}

TEST_CASE("openmp child: sizes" * doctest::skip()) {
  int sizes[4] = {};
#pragma omp parallel
#pragma omp master
  {
    sizes[0] = omp_get_num_threads();
#pragma omp parallel
#pragma omp master
    {
      sizes[1] = omp_get_num_threads();
#pragma omp parallel
#pragma omp master
      sizes[2] = omp_get_num_threads();
    }
  }
#pragma omp parallel num_threads(9)
#pragma omp single
  sizes[3] = omp_get_num_threads();
  omp_sched_t kind;
  int chunk;
  omp_get_schedule(&kind, &chunk);
  std::printf("sizes %d %d %d asked9 %d schedule %d,%d limit %d levels %d dynamic %d harts %d\n", sizes[0], sizes[1],
              sizes[2], sizes[3], static_cast<int>(kind), chunk, omp_get_thread_limit(), omp_get_max_active_levels(),
              omp_get_dynamic(), lithe_hart_count());
}

TEST_CASE("openmp child: other variables" * doctest::skip()) {
  std::printf("device %d priority %d\n", omp_get_default_device(), omp_get_max_task_priority());
}

TEST_CASE("openmp child: two regions" * doctest::skip()) {
  for (int i = 0; i < 2; ++i) {
#pragma omp parallel num_threads(3)
    {
#pragma omp barrier
    }
  }
}

TEST_CASE("openmp child: deep" * doctest::skip()) {
  long sum = 0;
#pragma omp parallel num_threads(3) reduction(+ : sum)
  if (omp_get_thread_num() != 0) sum += deep(8000); /* more than 32 MiB */
  std::printf("deep %ld\n", sum);
}

/* On one hart nobody else takes a task: what is queued runs by priority. */
TEST_CASE("openmp child: priorities" * doctest::skip()) {
  std::vector<int> order;
  std::printf("most %d\n", omp_get_max_task_priority());
#pragma omp parallel num_threads(2)
#pragma omp single
#pragma omp taskgroup
  for (const int priority : {1, 3, 2}) {
#pragma omp task priority(priority) shared(order) firstprivate(priority)
    {
#pragma omp critical
      order.push_back(priority);
    }
  }
  std::printf("order");
  for (const int priority : order) std::printf(" %d", priority);
  std::printf("\n");
}

/* Each construct is cancelled by one thread; with OMP_CANCELLATION, the others leave it at a cancellation point. */
TEST_CASE("openmp child: cancel" * doctest::skip()) {
  std::atomic<int> iterations{0}, tasks{0}, after{0}, sections{0};
#pragma omp parallel num_threads(4)
  {
#pragma omp for schedule(dynamic, 1)
    for (int i = 0; i < 1000; ++i) {
      ++iterations;
#pragma omp cancel for
    }
#pragma omp sections
    {
#pragma omp section
      {
#pragma omp cancel sections
        ++sections;
      }
    }
  }
  std::printf("loop %s, section %d\n", iterations < 1000 ? "cancelled" : "whole", sections.load());
  for (int repeat = 0; repeat < 20; ++repeat) {
    after = 0;
#pragma omp parallel num_threads(4)
    {
      if (omp_get_thread_num() == 2) {
#pragma omp cancel parallel
      }
#pragma omp cancellation point parallel
#pragma omp barrier
      ++after;
    }
  }
  std::printf("after the barrier %d\n", after.load());
#pragma omp parallel num_threads(4)
#pragma omp single
  {
#pragma omp taskgroup
    for (int i = 0; i < 100; ++i) {
#pragma omp task shared(tasks)
      {
        ++tasks;
#pragma omp cancel taskgroup
      }
    }
  }
  std::printf("tasks %s\n", tasks < 100 ? "cancelled" : "whole");
  // A loop that ends with its region has no barrier that would end its cancellation. (The compiler warns of the construct
  // itself there, so these are the calls that it makes.)
  int left_over = 0;
#pragma omp parallel num_threads(4)
  GOMP_cancel(2, true);
#pragma omp parallel num_threads(4) reduction(+ : left_over)
  left_over += GOMP_cancellation_point(2);
  std::printf("left over %d\n", left_over);
  // What follows is whole again.
  int whole = 0;
#pragma omp parallel num_threads(4) reduction(+ : whole)
  {
#pragma omp for
    for (int i = 0; i < 100; ++i) ++whole;
#pragma omp barrier
  }
  std::printf("then %d, cancellation %d\n", whole, omp_get_cancellation());
}

TEST_CASE("openmp child: target and teams" * doctest::skip()) {
  int teams = 0;
#pragma omp teams shared(teams)
  ++teams;
  std::printf("teams %d limit %d\n", teams, omp_get_teams_thread_limit());
  std::fflush(stdout);
#pragma omp target map(tofrom : teams)
  teams = 77;
  std::printf("target %d\n", teams);
}

TEST_CASE("openmp process: OMP_NUM_THREADS gives a size for each level") {
  CHECK(run_child("sizes", {"OMP_NUM_THREADS=4,2"}).says("sizes 4 2 2 asked9 9 "));
  CHECK(run_child("sizes", {"OMP_NUM_THREADS= 3 , 1 , 5 "}).says("sizes 3 1 5 asked9 9 "));
  CHECK(run_child("sizes", {"HARTS=1", "HARTS_VIRTUAL="}).says("sizes 1 1 1 asked9 9 "));
  CHECK(run_child("sizes", {"HARTS_VIRTUAL=6"}).says("sizes 6 6 6 asked9 9 "));
}

TEST_CASE("openmp process: the other variables are obeyed") {
  CHECK(run_child("sizes", {"OMP_SCHEDULE=guided,7"}).says(" schedule 3,7 "));
  CHECK(run_child("sizes", {"OMP_SCHEDULE=STATIC"}).says(" schedule 1,0 "));
  CHECK(run_child("sizes", {"OMP_SCHEDULE=nonmonotonic:dynamic"}).says(" schedule 2,1 "));
  CHECK(run_child("sizes", {"OMP_THREAD_LIMIT=4", "OMP_NUM_THREADS=3"}).says("sizes 3 2 1 asked9 4 "));
  CHECK(run_child("sizes", {"OMP_MAX_ACTIVE_LEVELS=2", "OMP_NUM_THREADS=3"}).says("sizes 3 3 1 "));
  CHECK(run_child("sizes", {"OMP_NESTED=false", "OMP_NUM_THREADS=3"}).says("sizes 3 1 1 "));
  CHECK(run_child("sizes", {"OMP_DYNAMIC=true"}).says(" dynamic 1 "));
  CHECK(run_child("deep", {"OMP_STACKSIZE=80M"}).says("deep 16"));
}

TEST_CASE("openmp process: a value that makes no sense is named, and the default is used") {
  struct Case {
    const char *setting;
    const char *warning;
  };
  for (const Case &one : {
           Case{"OMP_NUM_THREADS=zero", "OMP_NUM_THREADS=\"zero\" is not a list of positive numbers; using "},
           Case{"OMP_NUM_THREADS=4,,2", "OMP_NUM_THREADS=\"4,,2\" is not a list"},
           Case{"OMP_NUM_THREADS=0", "OMP_NUM_THREADS=\"0\" is not a list"},
           Case{"OMP_SCHEDULE=fast", "OMP_SCHEDULE=\"fast\" is not "},
           Case{"OMP_SCHEDULE=dynamic,-1", "OMP_SCHEDULE=\"dynamic,-1\" is not "},
           Case{"OMP_STACKSIZE=12X", "OMP_STACKSIZE=\"12X\" is not a size"},
           Case{"OMP_STACKSIZE=99999999999G", "OMP_STACKSIZE=\"99999999999G\" is not a size"},
           Case{"OMP_THREAD_LIMIT=-3", "OMP_THREAD_LIMIT=\"-3\" is not a positive number; using no limit."},
           Case{"OMP_MAX_ACTIVE_LEVELS=many", "OMP_MAX_ACTIVE_LEVELS=\"many\" is not "},
           Case{"OMP_DYNAMIC=perhaps", "OMP_DYNAMIC=\"perhaps\" is not true or false; using false."},
           Case{"OMP_NESTED=2", "OMP_NESTED=\"2\" is not true or false"},
           Case{"OMP_ALLOCATOR=fast", "OMP_ALLOCATOR=\"fast\" is not the name of a predefined allocator; using "},
           Case{"OMP_NUM_TEAMS=none", "OMP_NUM_TEAMS=\"none\" is not a positive number; using one team."},
           Case{"OMP_TARGET_OFFLOAD=gpu", "OMP_TARGET_OFFLOAD=\"gpu\" is not mandatory, disabled or default"},
           Case{"OMP_CANCELLATION=maybe", "OMP_CANCELLATION=\"maybe\" is not true or false; using false."},
           Case{"OMP_WAIT_POLICY=lazy", "OMP_WAIT_POLICY=\"lazy\" is not active or passive; using a short spin."},
           Case{"GOMP_SPINCOUNT=many",
                "GOMP_SPINCOUNT=\"many\" is not a number, perhaps with k, M, G or T, or infinite; "},
           Case{"GOMP_SPINCOUNT=99999999999999999999", "GOMP_SPINCOUNT=\"99999999999999999999\" is not a number"},
           Case{"OMP_DEFAULT_DEVICE=-1", "OMP_DEFAULT_DEVICE=\"-1\" is not a number that is not negative; using 0."},
           Case{"OMP_MAX_TASK_PRIORITY=high", "OMP_MAX_TASK_PRIORITY=\"high\" is not a number that is not negative; "},
           Case{"OMP_DISPLAY_AFFINITY=maybe", "OMP_DISPLAY_AFFINITY=\"maybe\" is not true or false; using false."},
           Case{"OMP_AFFINITY_FORMAT=%q",
                "OMP_AFFINITY_FORMAT=\"%q\" is not an affinity format (it has %q, which is no "},
           Case{"GOMP_STACKSIZE=12X", "GOMP_STACKSIZE=\"12X\" is not a size"},
       }) {
    const Outcome outcome = run_child("sizes", {one.setting});
    INFO(outcome.output);
    CHECK(outcome.says(one.warning));
    CHECK(outcome.code == 0);
    CHECK(outcome.says("asked9 9 "));
  }
}

TEST_CASE("openmp process: OMP_DISPLAY_ENV shows the variables") {
  const Outcome outcome = run_child("sizes", {"OMP_DISPLAY_ENV=true", "OMP_NUM_THREADS=4,2", "OMP_SCHEDULE=guided,7",
                                              "OMP_ALLOCATOR=omp_High_bw_mem_alloc"});
  CHECK(outcome.says("OPENMP DISPLAY ENVIRONMENT BEGIN"));
  CHECK(outcome.says("OMP_NUM_THREADS = '4,2'"));
  CHECK(outcome.says("OMP_SCHEDULE = 'GUIDED,7'"));
  CHECK(outcome.says("OMP_ALLOCATOR = 'omp_high_bw_mem_alloc'"));
  CHECK(!run_child("sizes").says("DISPLAY ENVIRONMENT"));
}

TEST_CASE("openmp process: OMP_DISPLAY_ENV shows places, binding and what the other variables say") {
  const Outcome outcome =
      run_child("sizes", {"OMP_DISPLAY_ENV=verbose", "HARTS_TOPOLOGY=core:4 pu:2",
                          "HARTS_VIRTUAL=", "HARTS=", "OMP_PLACES={0:4},{4,6},7", "OMP_PROC_BIND=spread,close,master",
                          "OMP_DISPLAY_AFFINITY=false", "OMP_AFFINITY_FORMAT=%n of %N", "OMP_WAIT_POLICY=active",
                          "OMP_DEFAULT_DEVICE=3", "OMP_MAX_TASK_PRIORITY=12", "GOMP_SPINCOUNT=3k", "GOMP_STACKSIZE=4M",
                          "GOMP_DEBUG=1", "OMP_NUM_TEAMS_DEV=3", "OMP_NUM_TEAMS_ALL=3", "OMP_NUM_TEAMS_DEV_0=x"});
  INFO(outcome.output);
  CHECK(outcome.says("OMP_PLACES = '{0:4},{4,6},{7}'\n"));
  CHECK(outcome.says("OMP_PROC_BIND = 'SPREAD,CLOSE,MASTER'\n"));
  CHECK(outcome.says("OMP_DISPLAY_AFFINITY = 'FALSE'\n"));
  CHECK(outcome.says("OMP_AFFINITY_FORMAT = '%n of %N'\n"));
  CHECK(outcome.says("OMP_WAIT_POLICY = 'ACTIVE'\n"));
  CHECK(outcome.says("OMP_DEFAULT_DEVICE = '3'\n"));
  CHECK(outcome.says("OMP_MAX_TASK_PRIORITY = '12'\n"));
  CHECK(outcome.says("GOMP_SPINCOUNT = '3000'\n"));
  CHECK(outcome.says("OMP_STACKSIZE = '4194304'\n"));
  CHECK(outcome.says("OMP_NUM_TEAMS = '0'\n"));
  CHECK(!outcome.says("libgomp (harts)"));
}

TEST_CASE("openmp process: OMP_DEFAULT_DEVICE and OMP_MAX_TASK_PRIORITY are what the calls return") {
  CHECK(run_child("other variables").says("device 0 priority 0\n"));
  CHECK(
      run_child("other variables", {"OMP_DEFAULT_DEVICE=2", "OMP_MAX_TASK_PRIORITY=9"}).says("device 2 priority 9\n"));
}

TEST_CASE("openmp process: OMP_DISPLAY_AFFINITY shows each thread once, and again only when its seat has changed") {
  const Outcome outcome =
      run_child("two regions", {"OMP_DISPLAY_AFFINITY=true", "OMP_AFFINITY_FORMAT=<level %L thread %n of %N>"});
  INFO(outcome.output);
  for (const char *line : {"<level 1 thread 0 of 3>\n", "<level 1 thread 1 of 3>\n", "<level 1 thread 2 of 3>\n"}) {
    CHECK(outcome.says(line));
    CHECK(outcome.output.find(line) == outcome.output.rfind(line));
  }
  CHECK(!run_child("two regions").says("level"));
}

TEST_CASE("openmp process: teams work with every policy of waiting") {
  for (const char *setting : {"OMP_WAIT_POLICY=passive", "OMP_WAIT_POLICY=ACTIVE", "GOMP_SPINCOUNT=0",
                              "GOMP_SPINCOUNT=infinite", "GOMP_SPINCOUNT=10M"}) {
    const Outcome outcome = run_child("deep", {setting, "OMP_STACKSIZE=80M"});
    INFO(setting, "\n", outcome.output);
    CHECK(outcome.says("deep 16"));
    CHECK(!outcome.says("libgomp (harts)"));
  }
}

TEST_CASE("openmp process: OMP_MAX_TASK_PRIORITY lets priorities count") {
  const Outcome outcome = run_child("priorities", {"OMP_MAX_TASK_PRIORITY=2", "HARTS=1"});
  INFO(outcome.output);
  CHECK(outcome.says("most 2\n"));
  CHECK(outcome.says("order 3 2 1\n"));
  CHECK(run_child("priorities").says("most 0\n"));
}

TEST_CASE("openmp process: OMP_CANCELLATION decides whether constructs are cancelled") {
  const Outcome off = run_child("cancel");
  INFO(off.output);
  CHECK(
      off.says("loop whole, section 1\nafter the barrier 4\ntasks whole\nleft over 0\nthen 100, "
               "cancellation 0\n"));
  CHECK(off.code == 0);
  for (const char *harts : {"HARTS=1", "HARTS_VIRTUAL=16", "HARTS_SPIN=0"}) {
    const Outcome on = run_child("cancel", {"OMP_CANCELLATION=true", harts});
    INFO(on.output);
    CHECK(
        on.says("loop cancelled, section 0\nafter the barrier 0\ntasks cancelled\nleft over 0\nthen "
                "100, cancellation 1\n"));
    CHECK(on.code == 0);
  }
}

TEST_CASE("openmp process: teams and target regions obey their variables") {
  const Outcome usual = run_child("target and teams");
  CHECK(usual.says("teams 1 limit 0\ntarget 77\n"));
  const Outcome several =
      run_child("target and teams", {"OMP_NUM_TEAMS=3", "OMP_TEAMS_THREAD_LIMIT=2", "OMP_TARGET_OFFLOAD=disabled"});
  CHECK(several.says("teams 3 limit 2\ntarget 77\n"));
  const Outcome mandatory = run_child("target and teams", {"OMP_TARGET_OFFLOAD=MANDATORY"});
  CHECK(mandatory.says("libgomp (harts): OMP_TARGET_OFFLOAD=MANDATORY, and this library runs target regions on the"));
  CHECK(!mandatory.says("target 77"));
  CHECK(mandatory.code == 128 + SIGABRT);
}

}  // namespace
