// Leaving a scheduler while others still bring it harts or contexts. The schedulers here live on the heap and are freed at once,
// so that AddressSanitizer sees whoever comes too late.
#include <atomic>
#include <doctest/doctest.h>
#include <memory>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// Asks for more harts than it can use, and leaves while they come.
template <class Kind>
void short_life(Random &random) {
  auto scheduler = std::make_unique<Kind>();
  scheduler->enter();
  scheduler->request(1 + random.below(8));
  if (random.below(3) == 0) each_in(*scheduler, random.below(4), [](int) { lithe_context_yield(); });
  if (random.below(3) == 0) scheduler->request(-1);
  scheduler->exit();
}

TEST_CASE("sched exit: schedulers may leave while grants are in flight, as children of one") {
  for (const uint64_t seed : {1, 2, 3}) {
    Shuffle parent(seed, "parent");
    parent.enter();
    each_in(parent, 6, [&](int i) {
      Random random(seed * 100 + static_cast<uint64_t>(i));
      for (int round = 0; round < rounds(200); ++round) {
        if (round % 2) {
          short_life<Shuffle>(random);
        } else {
          short_life<harts::ForkJoin>(random);
        }
      }
    });
    CHECK(parent.demand() == 1);
    parent.exit();
  }
}

TEST_CASE("sched exit: schedulers may leave while grants are in flight, as children of the root") {
  for (const uint64_t seed : {4, 5}) {
    crowd(0, 0, 6, [&](int i) {
      Random random(seed * 100 + static_cast<uint64_t>(i));
      for (int round = 0; round < rounds(200); ++round) short_life<Shuffle>(random);
    });
  }
  CHECK(lithe_sched_self() == nullptr);
}

TEST_CASE("sched exit: an unblock from outside may still be on its way when the scheduler is gone") {
  // A plain thread wakes the scheduler's last context, which ends; the scheduler leaves and is freed while the waker may still be
  // inside the scheduler's context_unblock.
  constexpr int lanes = 3;
  lithe_semaphore_t wanted[lanes];
  lithe_semaphore_t given[lanes];
  for (auto &semaphore : wanted) lithe_semaphore_init(&semaphore, 0);
  for (auto &semaphore : given) lithe_semaphore_init(&semaphore, 0);
  const int turns = rounds(600);
  std::vector<std::thread> wakers;
  for (int lane = 0; lane < lanes; ++lane) {
    wakers.emplace_back([&, lane] {
      for (int turn = 0; turn < turns; ++turn) {
        lithe_semaphore_wait(&wanted[lane]);
        lithe_semaphore_post(&given[lane]);
      }
    });
  }
  crowd(0, 0, lanes, [&](int lane) {
    for (int turn = 0; turn < turns; ++turn) {
      auto scheduler = std::make_unique<Shuffle>(static_cast<uint64_t>(turn));
      scheduler->enter();
      each_in(*scheduler, 1, [&](int) {
        lithe_semaphore_post(&wanted[lane]);
        lithe_semaphore_wait(&given[lane]);
      });
      scheduler->exit();
    }
  });
  for (auto &waker : wakers) waker.join();
  for (int lane = 0; lane < lanes; ++lane) {
    CHECK(lithe_semaphore_destroy(&wanted[lane]) == 0);
    CHECK(lithe_semaphore_destroy(&given[lane]) == 0);
  }
}

TEST_CASE("sched exit: the main context itself may be woken from outside as the last thing before exit") {
  lithe_semaphore_t wanted, given;
  lithe_semaphore_init(&wanted, 0);
  lithe_semaphore_init(&given, 0);
  const int turns = rounds(600);
  std::thread waker([&] {
    for (int turn = 0; turn < turns; ++turn) {
      lithe_semaphore_wait(&wanted);
      lithe_semaphore_post(&given);
    }
  });
  // Entered from contexts, so that the schedulers that die are not the root's children.
  each_context(1, [&](int) {
    for (int turn = 0; turn < turns; ++turn) {
      auto scheduler = std::make_unique<harts::ForkJoin>();
      scheduler->enter();
      lithe_semaphore_post(&wanted);
      lithe_semaphore_wait(&given);
      scheduler->exit();
    }
  });
  waker.join();
  CHECK(lithe_semaphore_trywait(&given) == LITHE_EBUSY);
}

}  // namespace
