#include "lithe/latch.h"

#include <atomic>
#include <doctest/doctest.h>
#include <memory>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("latch: opens when all have counted down, and shows what they wrote") {
  for (int round = 0; round < rounds(50); ++round) {
    constexpr int steppers = 6;
    lithe_latch_t latch;
    lithe_latch_init(&latch, steppers);
    int written[steppers] = {};
    crowd(8, 2, 2, [&](int i) {
      if (i < steppers) {
        written[i] = i + 1;
        CHECK(lithe_latch_down(&latch, 1) == 0);
        return;
      }
      Random random(static_cast<uint64_t>(i));
      while (lithe_latch_timedwait(&latch, lithe_clock_after(static_cast<uint64_t>(random.below(50)) * 1000)) != 0) {
      }
      int sum = 0;
      for (int value : written) sum += value;
      CHECK(sum == 21);
    });
    CHECK(lithe_latch_trywait(&latch) == 0);
    CHECK(lithe_latch_destroy(&latch) == 0);
  }
}

TEST_CASE("latch: counts no further than to zero") {
  lithe_latch_t latch;
  lithe_latch_init(&latch, 3);
  CHECK(lithe_latch_down(&latch, 4) == LITHE_EINVAL);
  CHECK(lithe_latch_down(&latch, 2) == 0);
  CHECK(lithe_latch_trywait(&latch) == LITHE_EBUSY);
  CHECK(lithe_latch_down(&latch, 1) == 0);
  CHECK(lithe_latch_wait(&latch) == 0);
  CHECK(lithe_latch_down(&latch, 1) == LITHE_EINVAL);
}

TEST_CASE("latch: may be freed by a waiter that has destroyed it") {
  std::atomic<lithe_latch_t *> post{nullptr};
  const int turns = rounds(1000);
  each_context(2, [&](int i) {
    for (int turn = 0; turn < turns; ++turn) {
      if (i == 0) {
        lithe_latch_t *latch;
        while (!(latch = post.exchange(nullptr))) lithe_context_yield();
        lithe_latch_down(latch, 1);
      } else {
        auto latch = std::make_unique<lithe_latch_t>();
        lithe_latch_init(latch.get(), 1);
        post = latch.get();
        CHECK(lithe_latch_wait(latch.get()) == 0);
        CHECK(lithe_latch_destroy(latch.get()) == 0);
      }
    }
  });
}

}  // namespace
