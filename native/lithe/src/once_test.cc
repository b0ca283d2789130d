#include "lithe/once.h"

#include <atomic>
#include <doctest/doctest.h>
#include <stdexcept>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("once: it is done once, and everybody sees what it did") {
  for (int round = 0; round < rounds(50); ++round) {
    struct State {
      lithe_once_t once = LITHE_ONCE_INITIALIZER;
      std::atomic<int> times{0};
      int result = 0;
    } state;
    crowd(8, 1, 1, [&](int) {
      CHECK(lithe_once_call(
                &state.once,
                [](void *argument) {
                  State &all = *static_cast<State *>(argument);
                  ++all.times;
                  lithe_context_yield();
                  all.result = 42;
                },
                &state) == 0);
      CHECK(state.result == 42);
    });
    CHECK(state.times == 1);
    CHECK(lithe_once_destroy(&state.once) == 0);
  }
}

TEST_CASE("once: after an exception the next caller does it again") {
  struct State {
    lithe_once_t once = LITHE_ONCE_INITIALIZER;
    std::atomic<int> times{0};
  } state;
  std::atomic<int> thrown{0};
  each_context(6, [&](int) {
    try {
      lithe_once_call(
          &state.once,
          [](void *argument) {
            const int time = ++static_cast<State *>(argument)->times;
            lithe_context_yield();
            if (time < 3) throw std::runtime_error("not yet");
          },
          &state);
    } catch (const std::runtime_error &) {
      ++thrown;
    }
  });
  CHECK(state.times == 3);
  CHECK(thrown == 2);
}

TEST_CASE("once: the try and timed forms do not wait for ever") {
  struct State {
    lithe_once_t once = LITHE_ONCE_INITIALIZER;
    std::atomic<bool> runs{false}, may_end{false};
  } state;
  const auto slow = [](void *argument) {
    State &all = *static_cast<State *>(argument);
    all.runs = true;
    while (!all.may_end) lithe_context_yield();
  };
  each_context(2, [&](int i) {
    if (i == 0) {
      CHECK(lithe_once_call(&state.once, slow, &state) == 0);
      return;
    }
    while (!state.runs) lithe_context_yield();
    CHECK(lithe_once_trycall(&state.once, slow, &state) == LITHE_EBUSY);
    CHECK(lithe_once_destroy(&state.once) == LITHE_EBUSY);
    CHECK(lithe_once_timedcall(&state.once, slow, &state, lithe_clock_after(1000000)) == LITHE_ETIMEDOUT);
    state.may_end = true;
    CHECK(lithe_once_timedcall(&state.once, slow, &state, LITHE_FOREVER) == 0);
    CHECK(lithe_once_trycall(&state.once, slow, &state) == 0);
  });
  CHECK(lithe_once_call(&state.once, nullptr, nullptr) == 0);  // done already
  lithe_once_t fresh = LITHE_ONCE_INITIALIZER;
  CHECK(lithe_once_call(&fresh, nullptr, nullptr) == LITHE_EINVAL);
}

}  // namespace
