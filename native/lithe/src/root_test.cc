// The root scheduler: contexts of its own, many top-level schedulers at once.
#include "root.h"

#include <atomic>
#include <doctest/doctest.h>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// Contexts of the root that report when they are done.
struct Jobs {
  explicit Jobs(int count) : wanted(count) { lithe_semaphore_init(&done, 0); }
  ~Jobs() { lithe_semaphore_destroy(&done); }
  int start(void (*body)(void *)) {
    lithe_context_t *context;
    const int code = lithe_context_create(&context, nullptr, nullptr, body, this);
    return code ? code : lithe_context_unblock(context);
  }
  void wait() {
    for (int i = 0; i < wanted; ++i) lithe_semaphore_wait(&done);
  }
  int wanted;
  lithe_semaphore_t done;
  std::atomic<int> ran{0}, wrong{0};
};

TEST_CASE("root: runs contexts that belong to no scheduler") {
  Jobs jobs(50);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(jobs.start([](void *argument) {
      Jobs &all = *static_cast<Jobs *>(argument);
      if (lithe_hart_self() < 0) ++all.wrong;
      lithe_context_yield();
      ++all.ran;
      lithe_semaphore_post(&all.done);
    }) == 0);
  }
  jobs.wait();
  CHECK(jobs.ran == 50);
  CHECK(jobs.wrong == 0);
}

TEST_CASE("root: its contexts may enter schedulers, many at once") {
  Jobs jobs(12);
  for (int i = 0; i < 12; ++i) {
    REQUIRE(jobs.start([](void *argument) {
      Jobs &all = *static_cast<Jobs *>(argument);
      for (int round = 0; round < rounds(50); ++round) {
        harts::ForkJoin scheduler;
        scheduler.enter();
        if (each_in(scheduler, 3, [&](int) { ++all.ran; }) != 0) ++all.wrong;
        scheduler.exit();
      }
      lithe_semaphore_post(&all.done);
    }) == 0);
  }
  jobs.wait();
  CHECK(jobs.ran == 12 * 3 * rounds(50));
  CHECK(jobs.wrong == 0);
}

TEST_CASE("root: its contexts may block and be unblocked from anywhere") {
  struct Blocked : Jobs {
    using Jobs::Jobs;
    lithe_semaphore_t go;
  } jobs(8);
  lithe_semaphore_init(&jobs.go, 0);
  for (int i = 0; i < 8; ++i) {
    REQUIRE(jobs.start([](void *argument) {
      Blocked &all = *static_cast<Blocked *>(argument);
      for (int round = 0; round < 20; ++round) {
        lithe_semaphore_wait(&all.go);
        ++all.ran;
      }
      lithe_semaphore_post(&all.done);
    }) == 0);
  }
  std::thread half([&] {
    for (int i = 0; i < 80; ++i) lithe_semaphore_post(&jobs.go);
  });
  each_context(1, [&](int) {
    for (int i = 0; i < 80; ++i) lithe_semaphore_post(&jobs.go);
  });
  half.join();
  jobs.wait();
  CHECK(jobs.ran == 160);
}

TEST_CASE("root: a job may be started while guests hold every hart") {
  // With one hart the job cannot run before this thread leaves its scheduler; it must be accepted all the same.
  Jobs jobs(1);
  Shuffle scheduler;
  scheduler.enter();
  CHECK(jobs.start([](void *argument) {
    Jobs &all = *static_cast<Jobs *>(argument);
    ++all.ran;
    lithe_semaphore_post(&all.done);
  }) == 0);
  scheduler.exit();
  jobs.wait();
  CHECK(jobs.ran == 1);
}

TEST_CASE("root: a guest inside a scheduler may wait for a job of the root") {
  for (int round = 0; round < rounds(200); ++round) {
    Jobs jobs(1);
    Shuffle scheduler;
    scheduler.enter();
    REQUIRE(jobs.start([](void *argument) { lithe_semaphore_post(&static_cast<Jobs *>(argument)->done); }) == 0);
    jobs.wait();
    scheduler.exit();
  }
}

TEST_CASE("root: schedulers of guests and of jobs share the harts and none is forgotten") {
  Jobs jobs(4);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(jobs.start([](void *argument) {
      Jobs &all = *static_cast<Jobs *>(argument);
      for (int round = 0; round < rounds(40); ++round) each_context(4, [&](int) { ++all.ran; });
      lithe_semaphore_post(&all.done);
    }) == 0);
  }
  std::atomic<int> ran{0};
  crowd(0, 3, 3, [&](int) {
    for (int round = 0; round < rounds(40); ++round) each_context(4, [&](int) { ++ran; });
  });
  jobs.wait();
  CHECK(jobs.ran == 4 * 4 * rounds(40));
  CHECK(ran == 6 * 4 * rounds(40));
}

TEST_CASE("root: an idle hart comes to whoever asks for it") {
  if (lithe_hart_count() == 1) return;
  for (int round = 0; round < rounds(100); ++round) {
    Shuffle scheduler;
    scheduler.enter();
    // Two contexts that wait for each other in place need two harts; the second comes late, but it comes.
    std::atomic<int> here{0};
    each_in(scheduler, 2, [&](int) {
      ++here;
      while (here < 2) {
      }
    });
    scheduler.exit();
  }
}

}  // namespace
