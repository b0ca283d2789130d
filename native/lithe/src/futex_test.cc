#include "lithe/futex.h"

#include <atomic>
#include <doctest/doctest.h>
#include <vector>

#include "context.h"
#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// A lock made of nothing but a word: loses a wake-up, or two holders, when the futex does.
class WordLock {
 public:
  void lock(Random &random) {
    uint32_t expected = 0;
    if (word().compare_exchange_strong(expected, 1)) return;
    while (word().exchange(2) != 0) {
      const bool is_timed = random.below(2) == 0;
      lithe_futex_wait(&word_, 2, is_timed ? lithe_clock_after(50000) : LITHE_FOREVER);
    }
  }
  void unlock() {
    if (word().exchange(0) == 2) lithe_futex_wake(&word_, 1);
  }

 private:
  std::atomic_ref<uint32_t> word() { return std::atomic_ref<uint32_t>(word_); }
  uint32_t word_ = 0;
};

TEST_CASE("futex: a lock made of a word excludes and loses no wake-up") {
  std::vector<WordLock> locks(3);
  std::vector<long> counts(3);
  const int turns = rounds(1000);
  crowd(8, 2, 2, [&](int i) {
    Random random(static_cast<uint64_t>(i));
    for (int turn = 0; turn < turns; ++turn) {
      const auto which = static_cast<std::size_t>(random.below(3));
      locks[which].lock(random);
      ++counts[which];
      if (random.below(16) == 0) lithe_context_yield();
      locks[which].unlock();
    }
  });
  CHECK(counts[0] + counts[1] + counts[2] == 12L * turns);
}

TEST_CASE("futex: does not wait for a word that is something else") {
  uint32_t word = 5;
  CHECK(lithe_futex_wait(&word, 4, LITHE_FOREVER) == LITHE_EAGAIN);
  CHECK(lithe_futex_wake(&word, 1) == 0);
  uint32_t other = 0;
  CHECK(lithe_futex_requeue(&word, 4, 1, &other, 1) == LITHE_EAGAIN);
}

TEST_CASE("futex: a requeue wakes some and lets the rest wait for another word") {
  uint32_t word = 0, other = 0;
  std::atomic<int> waiting{0}, woken{0};
  constexpr int waiters = 10;
  Shuffle scheduler;
  scheduler.enter();
  struct Part {
    uint32_t *word;
    std::atomic<int> *waiting, *woken;
  } part{&word, &waiting, &woken};
  std::vector<lithe_context_t *> contexts;
  for (int i = 0; i < waiters; ++i) {
    lithe_context_t *context;
    REQUIRE(lithe_context_create(
                &context, nullptr, scheduler.c(),
                [](void *argument) {
                  Part *self = static_cast<Part *>(argument);
                  ++*self->waiting;
                  CHECK(lithe_futex_wait(self->word, 0, lithe_clock_after(60000000000)) == 0);
                  ++*self->woken;
                },
                &part) == 0);
    scheduler.adopt(context);
    contexts.push_back(context);
    while (waiting != i + 1) lithe_context_yield();
    while (lithe::core::inside(context)->resumable.load() == 0) lithe_context_yield();
  }
  CHECK(lithe_futex_requeue(&word, 0, 2, &other, 5) == 7);
  while (woken != 2) lithe_context_yield();
  CHECK(lithe_futex_wake(&other, 100) == 5);
  while (woken != 7) lithe_context_yield();
  CHECK(lithe_futex_wake(&other, 100) == 0);
  CHECK(lithe_futex_wake(&word, 100) == 3);
  scheduler.join();
  CHECK(woken == waiters);
  scheduler.exit();
}

TEST_CASE("futex: waiters that time out while they are moved are in no queue afterwards") {
  std::vector<uint32_t> words(64);
  std::atomic<int> waiters{6};
  crowd(8, 0, 1, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 3);
    if (i < 6) {
      for (int turn = 0; turn < rounds(300); ++turn) {
        uint32_t *word = &words[static_cast<std::size_t>(random.below(64))];
        const int code = lithe_futex_wait(word, 0, lithe_clock_after(static_cast<uint64_t>(random.below(100)) * 1000));
        CHECK((code == 0 || code == LITHE_ETIMEDOUT));
      }
      --waiters;
      return;
    }
    while (waiters > 0) {
      uint32_t *from = &words[static_cast<std::size_t>(random.below(64))];
      uint32_t *to = &words[static_cast<std::size_t>(random.below(64))];
      CHECK(lithe_futex_requeue(from, 0, 0, to, 10) >= 0);
      if (random.below(4) == 0) lithe_context_yield();
    }
  });
  for (uint32_t &word : words) CHECK(lithe_futex_wake(&word, 100) == 0);
}

}  // namespace
