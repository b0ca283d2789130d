#include "lithe/condvar.h"

#include <atomic>
#include <deque>
#include <doctest/doctest.h>
#include <memory>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

struct Hold {
  explicit Hold(lithe_mutex_t &mutex) : mutex_(mutex) { lithe_mutex_lock(&mutex_); }
  ~Hold() { lithe_mutex_unlock(&mutex_); }
  lithe_mutex_t &mutex_;
};

// A bounded queue, the classic that loses wake-ups when anything is wrong.
struct Queue {
  explicit Queue(std::size_t room) : capacity(room) {}
  void put(int value) {
    Hold hold(mutex);
    while (items.size() == capacity) lithe_condvar_wait(&not_full, &mutex);
    items.push_back(value);
    lithe_condvar_signal(&not_empty);
  }
  int take() {
    Hold hold(mutex);
    while (items.empty()) lithe_condvar_wait(&not_empty, &mutex);
    const int value = items.front();
    items.pop_front();
    lithe_condvar_signal(&not_full);
    return value;
  }
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t not_empty = LITHE_CONDVAR_INITIALIZER, not_full = LITHE_CONDVAR_INITIALIZER;
  std::deque<int> items;
  std::size_t capacity;
};

TEST_CASE("condvar: producers and consumers of every kind lose no wake-up") {
  for (const std::size_t capacity : {1, 3}) {
    Queue queue(capacity);
    const int turns = rounds(1000);
    std::atomic<long> sum{0};
    // Even numbers produce, odd ones consume; there are as many of each.
    crowd(6, 2, 2, [&](int i) {
      for (int turn = 0; turn < turns; ++turn) {
        if (i % 2 == 0) {
          queue.put(turn);
        } else {
          sum += queue.take();
        }
      }
    });
    CHECK(sum == 5L * turns * (turns - 1) / 2);
    CHECK(queue.items.empty());
    CHECK(lithe_condvar_destroy(&queue.not_empty) == 0);
    CHECK(lithe_condvar_destroy(&queue.not_full) == 0);
  }
}

// `count` contexts wait; the test wakes them. A context is counted as waiting under the mutex, so when the test holds the
// mutex and reads `count`, all are in the queue.
struct Waiters {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  int waiting = 0;
  std::vector<int> woken;
  static void wait(void *argument) {
    auto &[all, number] = *static_cast<std::pair<Waiters *, int> *>(argument);
    Hold hold(all->mutex);
    ++all->waiting;
    lithe_condvar_wait(&all->condvar, &all->mutex);
    all->woken.push_back(number);
  }
  void until_waiting(int count) {
    for (;; lithe_context_yield()) {
      Hold hold(mutex);
      if (waiting == count) return;
    }
  }
  void until_woken(std::size_t count) {
    for (;; lithe_context_yield()) {
      Hold hold(mutex);
      if (woken.size() >= count) return;
    }
  }
};

TEST_CASE("condvar: each signal wakes exactly one waiter, the longest first") {
  constexpr int count = 6;
  Waiters waiters;
  std::pair<Waiters *, int> arguments[count];
  Shuffle scheduler;
  scheduler.enter();
  for (int i = 0; i < count; ++i) {
    arguments[i] = {&waiters, i};
    REQUIRE(scheduler.fork(Waiters::wait, &arguments[i]) == 0);
    waiters.until_waiting(i + 1);
  }
  CHECK(lithe_condvar_destroy(&waiters.condvar) == LITHE_EBUSY);
  for (int i = 0; i < count; ++i) {
    lithe_condvar_signal(&waiters.condvar);
    waiters.until_woken(static_cast<std::size_t>(i) + 1);
    for (int turn = 0; turn < 20; ++turn) lithe_context_yield();
    Hold hold(waiters.mutex);
    CHECK(waiters.woken.size() == static_cast<std::size_t>(i) + 1);
    CHECK(waiters.woken.back() == i);
  }
  scheduler.join();
  scheduler.exit();
  CHECK(lithe_condvar_destroy(&waiters.condvar) == 0);
}

TEST_CASE("condvar: a broadcast wakes all who wait and is not kept for later") {
  constexpr int count = 20;
  Waiters waiters;
  std::pair<Waiters *, int> arguments[count];
  lithe_condvar_signal(&waiters.condvar);  // nobody waits: forgotten
  lithe_condvar_broadcast(&waiters.condvar);
  Shuffle scheduler;
  scheduler.enter();
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < count; ++i) {
      arguments[i] = {&waiters, i};
      REQUIRE(scheduler.fork(Waiters::wait, &arguments[i]) == 0);
    }
    waiters.until_waiting(round * count);
    CHECK(waiters.woken.size() == static_cast<std::size_t>((round - 1) * count));
    lithe_condvar_broadcast(&waiters.condvar);
    scheduler.join();
    CHECK(waiters.woken.size() == static_cast<std::size_t>(round * count));
  }
  scheduler.exit();
}

TEST_CASE("condvar: the mutex is held again on return and free while waiting") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  bool said = false;
  int inside = 0, wrong = 0;
  crowd(3, 1, 1, [&](int i) {
    Hold hold(mutex);
    if (i == 0) {
      said = true;
      lithe_condvar_broadcast(&condvar);
      return;
    }
    while (!said) lithe_condvar_wait(&condvar, &mutex);
    if (++inside != 1) ++wrong;
    if (lithe_mutex_trylock(&mutex) != LITHE_EBUSY) ++wrong;
    --inside;
  });
  CHECK(wrong == 0);
}

TEST_CASE("condvar: may be freed by a waiter as soon as it is awake") {
  for (int round = 0; round < rounds(300); ++round) {
    struct Mail {
      lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
      lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
      bool sent = false;
    };
    auto *mail = new Mail;
    crowd(2, 0, 0, [&](int i) {
      if (i == 0) {
        // Signal under the mutex, which is then unlocked for the last time by this side.
        lithe_mutex_lock(&mail->mutex);
        mail->sent = true;
        lithe_condvar_signal(&mail->condvar);
        lithe_mutex_unlock(&mail->mutex);
        return;
      }
      lithe_mutex_lock(&mail->mutex);
      while (!mail->sent) lithe_condvar_wait(&mail->condvar, &mail->mutex);
      lithe_mutex_unlock(&mail->mutex);
      delete mail;
    });
  }
}

}  // namespace
