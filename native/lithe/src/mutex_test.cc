#include "lithe/mutex.h"

#include <atomic>
#include <doctest/doctest.h>
#include <memory>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("mutex: contexts and guests and plain threads exclude each other") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  long count = 0;  // not atomic: the mutex is what protects it
  const int turns = rounds(3000);
  crowd(8, 3, 3, [&](int i) {
    Random random(static_cast<uint64_t>(i));
    for (int turn = 0; turn < turns; ++turn) {
      lithe_mutex_lock(&mutex);
      const long seen = count;
      if (random.below(64) == 0) lithe_context_yield();  // the holder may lose its hart
      count = seen + 1;
      lithe_mutex_unlock(&mutex);
    }
  });
  CHECK(count == 14L * turns);
  CHECK(lithe_mutex_destroy(&mutex) == 0);
}

TEST_CASE("mutex: trylock takes a free one and never blocks") {
  lithe_mutex_t mutex;
  REQUIRE(lithe_mutex_init(&mutex) == 0);
  CHECK(lithe_mutex_trylock(&mutex) == 0);
  CHECK(lithe_mutex_trylock(&mutex) == LITHE_EBUSY);
  CHECK(lithe_mutex_unlock(&mutex) == 0);
  CHECK(lithe_mutex_trylock(&mutex) == 0);
  CHECK(lithe_mutex_unlock(&mutex) == 0);
}

TEST_CASE("mutex: trylock and lock exclude each other") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  long count = 0;
  std::atomic<long> expected{0};
  crowd(6, 1, 2, [&](int i) {
    for (int turn = 0; turn < rounds(2000); ++turn) {
      if (i % 2) {
        lithe_mutex_lock(&mutex);
      } else if (lithe_mutex_trylock(&mutex) != 0) {
        lithe_context_yield();
        continue;
      }
      ++count;
      ++expected;
      lithe_mutex_unlock(&mutex);
    }
  });
  CHECK(count == expected);
}

TEST_CASE("mutex: unlock of a free one is refused") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  CHECK(lithe_mutex_unlock(&mutex) == LITHE_EPERM);
  CHECK(lithe_mutex_lock(&mutex) == 0);
  CHECK(lithe_mutex_unlock(&mutex) == 0);
  CHECK(lithe_mutex_unlock(&mutex) == LITHE_EPERM);
}

TEST_CASE("mutex: one that is held or waited for cannot be destroyed") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  Shuffle scheduler;
  scheduler.enter();
  lithe_mutex_lock(&mutex);
  CHECK(lithe_mutex_destroy(&mutex) == LITHE_EBUSY);
  scheduler.fork(
      [](void *it) {
        lithe_mutex_lock(static_cast<lithe_mutex_t *>(it));
        lithe_mutex_unlock(static_cast<lithe_mutex_t *>(it));
      },
      &mutex);
  lithe_context_yield();
  CHECK(lithe_mutex_destroy(&mutex) == LITHE_EBUSY);
  lithe_mutex_unlock(&mutex);
  scheduler.join();
  CHECK(lithe_mutex_destroy(&mutex) == 0);
  scheduler.exit();
}

TEST_CASE("mutex: may be unlocked by another context than the one that locked") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_mutex_lock(&mutex);
  std::atomic<int> code{1};
  each_context(1, [&](int) { code = lithe_mutex_unlock(&mutex); });
  CHECK(code == 0);
  CHECK(lithe_mutex_trylock(&mutex) == 0);
}

// As a reference count that a mutex guards: whoever counts down to zero frees the mutex at once, while the one before may
// still be on its way out of unlock.
struct Shared {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  int owners;
  explicit Shared(int count) : owners(count) {}
  static void release(Shared *shared) {
    lithe_mutex_lock(&shared->mutex);
    const bool last = --shared->owners == 0;
    lithe_mutex_unlock(&shared->mutex);
    if (last) {
      CHECK(lithe_mutex_destroy(&shared->mutex) == 0);
      delete shared;
    }
  }
};

TEST_CASE("mutex: may be freed by the last owner right after the last unlock") {
  const int objects = rounds(500);
  constexpr int contexts = 6, guests = 2, threads = 2, owners = contexts + guests + threads;
  std::vector<Shared *> shared;
  for (int i = 0; i < objects; ++i) shared.push_back(new Shared(owners));
  crowd(contexts, guests, threads, [&](int) {
    for (Shared *one : shared) Shared::release(one);
  });
}

}  // namespace
