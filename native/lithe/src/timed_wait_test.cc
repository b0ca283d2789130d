// Timed forms, across all objects: who times out leaves no trace, whoever it races with.
#include <atomic>
#include <cerrno>
#include <doctest/doctest.h>
#include <functional>
#include <string>
#include <thread>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/fault_injection.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

constexpr uint64_t microsecond = 1000, millisecond = 1000 * microsecond;

uint64_t soon(Random &random) { return lithe_clock_after(static_cast<uint64_t>(random.below(200)) * microsecond); }

TEST_CASE("timed wait: each object reports the deadline, not before it, and can be destroyed then") {
  struct Objects {
    lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
    lithe_mutex_t outer = LITHE_MUTEX_INITIALIZER;
    lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
    lithe_rwlock_t read_held = LITHE_RWLOCK_INITIALIZER;
    lithe_rwlock_t write_held = LITHE_RWLOCK_INITIALIZER;
    lithe_semaphore_t semaphore;
    lithe_barrier_t barrier;
    lithe_latch_t latch;
    uint32_t word = 3;
  } all;
  lithe_semaphore_init(&all.semaphore, 0);
  lithe_barrier_init(&all.barrier, 2);
  lithe_latch_init(&all.latch, 1);
  lithe_mutex_lock(&all.mutex);
  lithe_rwlock_rdlock(&all.read_held);
  lithe_rwlock_wrlock(&all.write_held);
  const std::pair<const char *, std::function<int(uint64_t)>> waits[] = {
      {"mutex", [&](uint64_t at) { return lithe_mutex_timedlock(&all.mutex, at); }},
      {"condvar",
       [&](uint64_t at) {
         lithe_mutex_lock(&all.outer);
         const int code = lithe_condvar_timedwait(&all.condvar, &all.outer, at);
         lithe_mutex_unlock(&all.outer);
         return code;
       }},
      {"writer behind readers", [&](uint64_t at) { return lithe_rwlock_timedwrlock(&all.read_held, at); }},
      {"reader behind a writer", [&](uint64_t at) { return lithe_rwlock_timedrdlock(&all.write_held, at); }},
      {"semaphore", [&](uint64_t at) { return lithe_semaphore_timedwait(&all.semaphore, at); }},
      {"barrier", [&](uint64_t at) { return lithe_barrier_timedwait(&all.barrier, at); }},
      {"latch", [&](uint64_t at) { return lithe_latch_timedwait(&all.latch, at); }},
      {"futex", [&](uint64_t at) { return lithe_futex_wait(&all.word, 3, at); }},
  };
  crowd(1, 1, 1, [&](int) {
    for (const auto &[name, wait] : waits) {
      CAPTURE(std::string(name));
      if (std::string(name) == "barrier") continue;  // three at once would meet there
      CHECK(wait(lithe_clock_now() - 1) == LITHE_ETIMEDOUT);
      const uint64_t deadline = lithe_clock_after(2 * millisecond);
      CHECK(wait(deadline) == LITHE_ETIMEDOUT);
      CHECK(lithe_clock_now() >= deadline);
    }
  });
  CHECK(lithe_barrier_timedwait(&all.barrier, lithe_clock_now() - 1) == LITHE_ETIMEDOUT);
  CHECK(lithe_barrier_timedwait(&all.barrier, lithe_clock_after(millisecond)) == LITHE_ETIMEDOUT);
  lithe_mutex_unlock(&all.mutex);
  lithe_rwlock_unlock(&all.read_held);
  lithe_rwlock_unlock(&all.write_held);
  CHECK(lithe_mutex_destroy(&all.mutex) == 0);
  CHECK(lithe_condvar_destroy(&all.condvar) == 0);
  CHECK(lithe_rwlock_destroy(&all.read_held) == 0);
  CHECK(lithe_rwlock_destroy(&all.write_held) == 0);
  CHECK(lithe_semaphore_destroy(&all.semaphore) == 0);
  CHECK(lithe_barrier_destroy(&all.barrier) == 0);
  CHECK(lithe_latch_down(&all.latch, 1) == 0);
  CHECK(lithe_latch_destroy(&all.latch) == 0);
  CHECK(lithe_futex_wake(&all.word, 100) == 0);
}

TEST_CASE("timed wait: a free object is taken although the deadline has passed") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  lithe_semaphore_t semaphore;
  lithe_semaphore_init(&semaphore, 1);
  CHECK(lithe_mutex_timedlock(&mutex, 0) == 0);
  CHECK(lithe_rwlock_timedrdlock(&rwlock, 0) == 0);
  CHECK(lithe_rwlock_unlock(&rwlock) == 0);
  CHECK(lithe_rwlock_timedwrlock(&rwlock, 0) == 0);
  CHECK(lithe_semaphore_timedwait(&semaphore, 0) == 0);
}

TEST_CASE("timed wait: a mutex excludes while holders, waiters and deadlines race") {
  for (int kind : {LITHE_MUTEX_NORMAL, LITHE_MUTEX_RECURSIVE, LITHE_MUTEX_ERRORCHECK}) {
    lithe_mutex_t mutex;
    lithe_mutex_init_kind(&mutex, kind);
    std::atomic<int> inside{0};
    int taken = 0;
    std::atomic<int> got{0}, missed{0};
    crowd(8, 2, 2, [&](int i) {
      Random random(static_cast<uint64_t>(i) + 11);
      for (int turn = 0; turn < rounds(300); ++turn) {
        const int code = lithe_mutex_timedlock(&mutex, soon(random));
        if (code == LITHE_ETIMEDOUT) {
          ++missed;
          continue;
        }
        REQUIRE(code == 0);
        CHECK(++inside == 1);
        ++taken;
        if (random.below(4) == 0) lithe_sleep(static_cast<uint64_t>(random.below(100)) * microsecond);
        --inside;
        ++got;
        CHECK(lithe_mutex_unlock(&mutex) == 0);
      }
    });
    CHECK(taken == got);
    CHECK(got > 0);
    CHECK(lithe_mutex_destroy(&mutex) == 0);
  }
}

TEST_CASE("timed wait: units of a semaphore are neither lost nor invented when waits time out") {
  lithe_semaphore_t semaphore;
  lithe_semaphore_init(&semaphore, 2);
  crowd(8, 2, 2, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 23);
    for (int turn = 0; turn < rounds(300); ++turn) {
      if (lithe_semaphore_timedwait(&semaphore, soon(random)) != 0) continue;
      if (random.below(4) == 0) lithe_sleep(static_cast<uint64_t>(random.below(100)) * microsecond);
      CHECK(lithe_semaphore_post(&semaphore) == 0);
    }
  });
  int units = 0;
  while (lithe_semaphore_trywait(&semaphore) == 0) ++units;
  CHECK(units == 2);
  CHECK(lithe_semaphore_destroy(&semaphore) == 0);
}

TEST_CASE("timed wait: a condition is not missed when waits time out") {
  struct Box {
    lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
    lithe_condvar_t full = LITHE_CONDVAR_INITIALIZER;
    int letters = 0;
  } box;
  const int letters = rounds(1000);
  std::atomic<int> read{0};
  crowd(6, 1, 1, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 31);
    if (i == 0) {
      for (int letter = 0; letter < letters; ++letter) {
        lithe_mutex_lock(&box.mutex);
        ++box.letters;
        lithe_mutex_unlock(&box.mutex);
        lithe_condvar_signal(&box.full);
        if (random.below(8) == 0) lithe_context_yield();
      }
      return;
    }
    while (read < letters) {
      lithe_mutex_lock(&box.mutex);
      if (box.letters == 0) {
        const int code = lithe_condvar_timedwait(&box.full, &box.mutex, soon(random));
        CHECK((code == 0 || code == LITHE_ETIMEDOUT));
      }
      if (box.letters > 0) {
        --box.letters;
        ++read;
      }
      lithe_mutex_unlock(&box.mutex);
    }
  });
  CHECK(box.letters == 0);
  CHECK(lithe_condvar_destroy(&box.full) == 0);
  CHECK(lithe_mutex_destroy(&box.mutex) == 0);
}

TEST_CASE("timed wait: a barrier whose waiters give up completes exactly the rounds that were full") {
  constexpr int parties = 3;
  lithe_barrier_t barrier;
  lithe_barrier_init(&barrier, parties);
  std::atomic<int> last{0}, released{0}, working{6};
  crowd(4, 1, 1, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 41);
    for (int turn = 0; turn < rounds(300); ++turn) {
      const int code =
          random.below(8) == 0 ? lithe_barrier_trywait(&barrier) : lithe_barrier_timedwait(&barrier, soon(random));
      CHECK((code == 0 || code == 1 || code == LITHE_ETIMEDOUT || code == LITHE_EBUSY));
      if (code == 1) ++last;
      if (code == 0 || code == 1) ++released;
    }
    --working;
  });
  CHECK(released == last * parties);
  CHECK(lithe_barrier_destroy(&barrier) == 0);
}

TEST_CASE("timed wait: without a timer thread it fails before it waits" * doctest::skip()) {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_barrier_t barrier;
  lithe_barrier_init(&barrier, 2);
  lithe_mutex_lock(&mutex);
  lithe_hart_count();
  fail_calls(Fault::thread, 0, 100, EAGAIN);
  CHECK(lithe_sleep(millisecond) == LITHE_EAGAIN);
  CHECK(lithe_mutex_timedlock(&mutex, lithe_clock_after(millisecond)) == LITHE_EAGAIN);
  CHECK(lithe_barrier_timedwait(&barrier, lithe_clock_after(millisecond)) == LITHE_EAGAIN);
  fail_nothing();
  CHECK(lithe_mutex_timedlock(&mutex, lithe_clock_after(millisecond)) == LITHE_ETIMEDOUT);
  lithe_mutex_unlock(&mutex);
  CHECK(lithe_mutex_destroy(&mutex) == 0);
  CHECK(lithe_barrier_destroy(&barrier) == 0);
}

TEST_CASE("timed wait: a refused timer thread is an error, and no more" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("timed wait: without a timer thread it fails before it waits");
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

}  // namespace
