// Many harts, contexts and schedulers at once, on a synthetic machine. Nothing is timed: what is tested is that all of them
// finish, that every count agrees and that all harts come back.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

long number_in(const char *path) {
  std::ifstream file(path);
  long value = 0;
  return file >> value ? value : -1;
}

// A context is a thread, with a stack that takes up to three mappings. Half of what the machine permits, for others need
// some too.
int contexts_permitted(int wanted) {
  long most = wanted;
  const auto at_most = [&](long limit) {
    if (limit > 0 && limit < most) most = limit;
  };
  rlimit processes{};
  if (getrlimit(RLIMIT_NPROC, &processes) == 0 && processes.rlim_cur != RLIM_INFINITY) {
    at_most(static_cast<long>(processes.rlim_cur) / 2);
  }
  at_most(number_in("/proc/sys/kernel/pid_max") / 2);
  at_most(number_in("/proc/sys/kernel/threads-max") / 2);
  at_most(number_in("/sys/fs/cgroup/pids.max") / 2);
  at_most(number_in("/sys/fs/cgroup/pids/pids.max") / 2);
  at_most(number_in("/proc/sys/vm/max_map_count") / 6);
  if (most < wanted) std::printf("%ld contexts in place of %d: the machine permits no more\n", most, wanted);
  return static_cast<int>(most);
}

struct Crowd {
  Crowd(int schedulers_wanted, int contexts_wanted)
      : schedulers(schedulers_wanted), contexts_each(contexts_wanted / schedulers_wanted) {
    lithe_semaphore_init(&entered, 0);
    lithe_semaphore_init(&go, 0);
    lithe_semaphore_init(&blocked, 0);
    lithe_semaphore_init(&resume, 0);
    lithe_semaphore_init(&done, 0);
  }
  ~Crowd() {
    for (lithe_semaphore_t *semaphore : {&entered, &go, &blocked, &resume, &done}) lithe_semaphore_destroy(semaphore);
  }
  const int schedulers, contexts_each;
  lithe_semaphore_t entered, go, blocked, resume, done;
  std::atomic<long> ran{0}, resumed{0}, failed{0};
};

void post(lithe_semaphore_t &semaphore, int count) {
  for (int i = 0; i < count; ++i) lithe_semaphore_post(&semaphore);
}

void wait_for(lithe_semaphore_t &semaphore, int count) {
  for (int i = 0; i < count; ++i) lithe_semaphore_wait(&semaphore);
}

// A context of the root: a top-level scheduler with its contexts.
void one_scheduler(void *argument) {
  Crowd &crowd = *static_cast<Crowd *>(argument);
  Shuffle scheduler;
  scheduler.enter();
  lithe_semaphore_post(&crowd.entered);
  lithe_semaphore_wait(&crowd.go);
  crowd.failed += each_in(scheduler, crowd.contexts_each, [&](int) {
    ++crowd.ran;
    lithe_context_yield();
    lithe_semaphore_post(&crowd.blocked);
    lithe_semaphore_wait(&crowd.resume);
    ++crowd.resumed;
  });
  scheduler.exit();
  lithe_semaphore_post(&crowd.done);
}

// All schedulers are there at once, then all contexts are blocked at once, then all of them run again.
void run_crowd(int schedulers, int contexts) {
  Crowd crowd(schedulers, contexts);
  int started = 0;
  for (int i = 0; i < schedulers; ++i) {
    lithe_context_t *context;
    if (lithe_context_create(&context, nullptr, nullptr, one_scheduler, &crowd) != 0) continue;
    ++started;
    CHECK(lithe_context_unblock(context) == 0);
  }
  REQUIRE(started == schedulers);
  wait_for(crowd.entered, schedulers);
  post(crowd.go, schedulers);
  const int all = schedulers * crowd.contexts_each;
  wait_for(crowd.blocked, all);
  CHECK(crowd.ran == all);
  CHECK(crowd.resumed == 0);
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  CHECK(stats.contexts >= static_cast<uint32_t>(all + schedulers));
  CHECK(stats.schedulers == static_cast<uint32_t>(schedulers));
  post(crowd.resume, all);
  wait_for(crowd.done, schedulers);
  CHECK(crowd.resumed == all);
  CHECK(crowd.failed == 0);
}

bool all_harts_are_back() {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  return stats.harts_busy == 0;
}

TEST_CASE("scale: harts and contexts and schedulers" * doctest::skip()) {
  const bool is_large = !sanitized && !on_slow_machine() && !std::getenv("LITHE_STRESS");
  REQUIRE(lithe_hart_count() == 256);
  const int contexts = contexts_permitted(is_large ? 10'000 : 300);
  const int schedulers = is_large ? contexts / 10 : 60;
  run_crowd(schedulers, contexts - schedulers);
  // The last of them may still be on their way.
  while (!all_harts_are_back()) std::this_thread::yield();
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  CHECK(stats.schedulers_entered == static_cast<uint64_t>(schedulers));
  CHECK(stats.schedulers == 0);
  std::printf("%d contexts in %d schedulers on %d harts\n", contexts, schedulers, lithe_hart_count());
}

TEST_CASE("scale: 256 harts; 10000 contexts; 1000 schedulers" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("scale: harts and contexts and schedulers",
                                   {"HARTS_TOPOLOGY=node:4 core:32 pu:2", "HARTS_VIRTUAL=", "HARTS=", "HARTS_SMT="});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  MESSAGE(outcome.output.substr(0, outcome.output.find('\n')));
}

}  // namespace
