#include "lithe/spinlock.h"

#include <doctest/doctest.h>
#include <mutex>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("spinlock: one holder at a time, whoever they are") {
  lithe::SpinLock lock;
  long count = 0;
  const int turns = rounds(2000);
  crowd(4, 2, 2, [&](int) {
    for (int turn = 0; turn < turns; ++turn) {
      const std::lock_guard hold(lock);
      ++count;
    }
  });
  CHECK(count == 8L * turns);
}

TEST_CASE("spinlock: trylock says when it is held") {
  lithe_spinlock_t lock = LITHE_SPINLOCK_INITIALIZER;
  CHECK(lithe_spinlock_trylock(&lock) == 0);
  CHECK(lithe_spinlock_trylock(&lock) == LITHE_EBUSY);
  lithe_spinlock_unlock(&lock);
  CHECK(lithe_spinlock_trylock(&lock) == 0);
  lithe_spinlock_unlock(&lock);
}

}  // namespace
