#include "lithe/semaphore.h"

#include <atomic>
#include <cstdint>
#include <doctest/doctest.h>
#include <memory>
#include <thread>
#include <vector>

#include "context.h"
#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("semaphore: units are neither lost nor invented") {
  lithe_semaphore_t semaphore;
  lithe_semaphore_init(&semaphore, 3);
  std::atomic<int> inside{0}, most{0};
  crowd(8, 2, 2, [&](int i) {
    Random random(static_cast<uint64_t>(i));
    for (int turn = 0; turn < rounds(1000); ++turn) {
      lithe_semaphore_wait(&semaphore);
      const int now = ++inside;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      if (random.below(16) == 0) lithe_context_yield();
      --inside;
      lithe_semaphore_post(&semaphore);
    }
  });
  CHECK(most <= 3);
  int units = 0;
  while (lithe_semaphore_trywait(&semaphore) == 0) ++units;
  CHECK(units == 3);
  CHECK(lithe_semaphore_destroy(&semaphore) == 0);
}

TEST_CASE("semaphore: trywait takes a unit only if there is one and the value has an upper end") {
  lithe_semaphore_t semaphore;
  lithe_semaphore_init(&semaphore, UINT32_MAX - 1);
  CHECK(lithe_semaphore_post(&semaphore) == 0);
  CHECK(lithe_semaphore_post(&semaphore) == LITHE_EINVAL);
  lithe_semaphore_init(&semaphore, 1);
  CHECK(lithe_semaphore_trywait(&semaphore) == 0);
  CHECK(lithe_semaphore_trywait(&semaphore) == LITHE_EBUSY);
}

TEST_CASE("semaphore: a post hands its unit to the longest waiter and nobody can steal it") {
  constexpr int count = 8;
  struct State {
    lithe_semaphore_t semaphore;
    std::atomic<int> about_to_wait{0};
    std::vector<int> order;
    lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  } state;
  lithe_semaphore_init(&state.semaphore, 0);
  std::pair<State *, int> arguments[count];
  Shuffle scheduler;
  scheduler.enter();
  for (int i = 0; i < count; ++i) {
    arguments[i] = {&state, i};
    lithe_context_t *context;
    REQUIRE(lithe_context_create(
                &context, nullptr, scheduler.c(),
                [](void *argument) {
                  auto &[all, number] = *static_cast<std::pair<State *, int> *>(argument);
                  ++all->about_to_wait;
                  lithe_semaphore_wait(&all->semaphore);
                  lithe_mutex_lock(&all->mutex);
                  all->order.push_back(number);
                  lithe_mutex_unlock(&all->mutex);
                },
                &arguments[i]) == 0);
    scheduler.adopt(context);
    while (state.about_to_wait != i + 1) lithe_context_yield();
    // It is in the queue when it may be resumed again.
    while (lithe::core::inside(context)->resumable.load() == 0) lithe_context_yield();
  }
  CHECK(lithe_semaphore_destroy(&state.semaphore) == LITHE_EBUSY);
  for (int i = 0; i < count; ++i) {
    lithe_semaphore_post(&state.semaphore);
    for (std::size_t done = 0; done <= static_cast<std::size_t>(i);) {
      lithe_context_yield();
      lithe_mutex_lock(&state.mutex);
      done = state.order.size();
      lithe_mutex_unlock(&state.mutex);
    }
    CHECK(state.order.back() == i);
  }
  scheduler.join();
  scheduler.exit();
}

TEST_CASE("semaphore: who has lost eight units to others is handed the next") {
  struct State {
    lithe_semaphore_t semaphore;
    std::atomic<bool> has_begun{false}, has_unit{false};
  } state;
  lithe_semaphore_init(&state.semaphore, 0);
  Shuffle scheduler;
  scheduler.enter();
  lithe_context_t *context;
  REQUIRE(lithe_context_create(
              &context, nullptr, scheduler.c(),
              [](void *argument) {
                State &all = *static_cast<State *>(argument);
                all.has_begun = true;
                lithe_semaphore_wait(&all.semaphore);
                all.has_unit = true;
              },
              &state) == 0);
  scheduler.adopt(context);
  while (!state.has_begun) lithe_context_yield();
  const auto is_queued = [&] { return lithe_semaphore_destroy(&state.semaphore) == LITHE_EBUSY; };
  int stolen = 0;
  while (!state.has_unit) {
    while (!is_queued() && !state.has_unit) lithe_context_yield();
    if (state.has_unit) break;
    CHECK(lithe_semaphore_post(&state.semaphore) == 0);
    if (lithe_semaphore_trywait(&state.semaphore) != 0) {
      while (!state.has_unit) lithe_context_yield();  // it was faster, or was handed it
      break;
    }
    ++stolen;
    REQUIRE(stolen <= 8);
  }
  scheduler.join();
  scheduler.exit();
  CHECK(lithe_semaphore_destroy(&state.semaphore) == 0);
}

TEST_CASE("semaphore: may be posted from a callback") {
  struct Posts : Shuffle {
    lithe_semaphore_t semaphore;
    std::atomic<bool> once{false};
    void context_yield(lithe_context_t *context) override {
      if (!once.exchange(true)) lithe_semaphore_post(&semaphore);
      Shuffle::context_yield(context);
    }
  } scheduler;
  lithe_semaphore_init(&scheduler.semaphore, 0);
  scheduler.enter();
  lithe_context_yield();
  CHECK(lithe_semaphore_trywait(&scheduler.semaphore) == 0);
  scheduler.exit();
}

TEST_CASE("semaphore: may be freed by the waiter as soon as it is awake") {
  const int turns = rounds(2000);
  struct Letter {
    lithe_semaphore_t semaphore;
  };
  std::atomic<Letter *> post{nullptr};
  std::thread poster([&] {
    for (int turn = 0; turn < turns; ++turn) {
      Letter *letter;
      while (!(letter = post.exchange(nullptr))) std::this_thread::yield();
      lithe_semaphore_post(&letter->semaphore);
    }
  });
  each_context(1, [&](int) {
    for (int turn = 0; turn < turns; ++turn) {
      auto letter = std::make_unique<Letter>();
      lithe_semaphore_init(&letter->semaphore, 0);
      post = letter.get();
      lithe_semaphore_wait(&letter->semaphore);
    }
  });
  poster.join();
}

}  // namespace
