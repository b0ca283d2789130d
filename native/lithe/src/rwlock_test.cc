#include "lithe/rwlock.h"

#include <algorithm>
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

TEST_CASE("rwlock: writers are alone and readers see whole writes") {
  lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  long a = 0, b = 0;
  std::atomic<int> writers{0}, readers{0}, most_readers{0};
  crowd(8, 2, 2, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 5);
    for (int turn = 0; turn < rounds(1000); ++turn) {
      const uint64_t soon = lithe_clock_after(static_cast<uint64_t>(random.below(300)) * 1000);
      if (random.below(4) == 0) {
        const int code = random.below(2) == 0 ? lithe_rwlock_wrlock(&rwlock) : lithe_rwlock_timedwrlock(&rwlock, soon);
        if (code != 0) {
          CHECK(code == LITHE_ETIMEDOUT);
          continue;
        }
        CHECK(++writers == 1);
        CHECK(readers == 0);
        ++a;
        if (random.below(8) == 0) lithe_context_yield();
        ++b;
        --writers;
      } else {
        const int code = random.below(2) == 0 ? lithe_rwlock_rdlock(&rwlock) : lithe_rwlock_timedrdlock(&rwlock, soon);
        if (code != 0) {
          CHECK(code == LITHE_ETIMEDOUT);
          continue;
        }
        const int now = ++readers;
        for (int seen = most_readers; now > seen && !most_readers.compare_exchange_weak(seen, now);) {
        }
        CHECK(writers == 0);
        CHECK(a == b);
        if (random.below(4) == 0) lithe_context_yield();
        --readers;
      }
      CHECK(lithe_rwlock_unlock(&rwlock) == 0);
    }
  });
  CHECK(a == b);
  CHECK(most_readers > 1);
  CHECK(lithe_rwlock_destroy(&rwlock) == 0);
}

TEST_CASE("rwlock: try forms fail exactly when the caller would have to wait") {
  lithe_rwlock_t rwlock;
  lithe_rwlock_init(&rwlock);
  CHECK(lithe_rwlock_unlock(&rwlock) == LITHE_EPERM);
  CHECK(lithe_rwlock_tryrdlock(&rwlock) == 0);
  CHECK(lithe_rwlock_tryrdlock(&rwlock) == 0);
  CHECK(lithe_rwlock_trywrlock(&rwlock) == LITHE_EBUSY);
  CHECK(lithe_rwlock_destroy(&rwlock) == LITHE_EBUSY);
  CHECK(lithe_rwlock_unlock(&rwlock) == 0);
  CHECK(lithe_rwlock_unlock(&rwlock) == 0);
  CHECK(lithe_rwlock_trywrlock(&rwlock) == 0);
  CHECK(lithe_rwlock_tryrdlock(&rwlock) == LITHE_EBUSY);
  CHECK(lithe_rwlock_trywrlock(&rwlock) == LITHE_EBUSY);
  CHECK(lithe_rwlock_unlock(&rwlock) == 0);
  CHECK(lithe_rwlock_destroy(&rwlock) == 0);
}

// Starts contexts one by one, each of which waits before the next starts.
struct Line {
  Shuffle scheduler;
  lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  std::vector<int> order;
  struct Member {
    Line *line;
    int number;
    char kind;
    uint64_t deadline;
    std::atomic<bool> has_begun{false};
  };

  void enter(Member &member) {
    lithe_context_t *context;
    REQUIRE(lithe_context_create(
                &context, nullptr, scheduler.c(),
                [](void *argument) {
                  Member *self = static_cast<Member *>(argument);
                  Line &line = *self->line;
                  self->has_begun = true;
                  const int code = self->kind == 'w' ? lithe_rwlock_timedwrlock(&line.rwlock, self->deadline)
                                                     : lithe_rwlock_timedrdlock(&line.rwlock, self->deadline);
                  lithe_mutex_lock(&line.mutex);
                  line.order.push_back(code == 0 ? self->number : -self->number);
                  lithe_mutex_unlock(&line.mutex);
                  if (code == 0) lithe_rwlock_unlock(&line.rwlock);
                },
                &member) == 0);
    scheduler.adopt(context);
    while (!member.has_begun) lithe_context_yield();
    while (lithe::core::inside(context)->resumable.load() == 0) lithe_context_yield();
  }
};

TEST_CASE("rwlock: nobody overtakes a writer that waits for readers") {
  Line line;
  line.scheduler.enter();
  lithe_rwlock_rdlock(&line.rwlock);
  Line::Member writer{&line, 1, 'w', LITHE_FOREVER}, reader{&line, 2, 'r', LITHE_FOREVER};
  line.enter(writer);
  CHECK(lithe_rwlock_tryrdlock(&line.rwlock) == LITHE_EBUSY);
  line.enter(reader);
  CHECK(line.order.empty());
  lithe_rwlock_unlock(&line.rwlock);
  line.scheduler.join();
  CHECK(line.order == std::vector<int>{1, 2});
  line.scheduler.exit();
  CHECK(lithe_rwlock_destroy(&line.rwlock) == 0);
}

TEST_CASE("rwlock: a writer gets in although readers overlap for ever, and a reader although writers do") {
  for (const bool others_write : {false, true}) {
    lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
    std::atomic<bool> is_over{false};
    each_context(5, [&](int i) {
      if (i == 0) {
        for (int turn = 0; turn < rounds(50); ++turn) {
          CHECK((others_write ? lithe_rwlock_rdlock(&rwlock) : lithe_rwlock_wrlock(&rwlock)) == 0);
          CHECK(lithe_rwlock_unlock(&rwlock) == 0);
        }
        is_over = true;
        return;
      }
      while (!is_over) {
        CHECK((others_write ? lithe_rwlock_wrlock(&rwlock) : lithe_rwlock_rdlock(&rwlock)) == 0);
        lithe_context_yield();
        CHECK(lithe_rwlock_unlock(&rwlock) == 0);
      }
    });
    CHECK(lithe_rwlock_destroy(&rwlock) == 0);
  }
}

TEST_CASE("rwlock: readers behind a writer that gives up get in at once") {
  Line line;
  line.scheduler.enter();
  lithe_rwlock_rdlock(&line.rwlock);
  Line::Member writer{&line, 1, 'w', lithe_clock_after(20000000)}, reader{&line, 2, 'r', LITHE_FOREVER};
  line.enter(writer);
  line.enter(reader);
  line.scheduler.join();  // while this context still holds it for reading
  CHECK(line.order.size() == 2);
  CHECK(std::count(line.order.begin(), line.order.end(), -1) == 1);
  CHECK(std::count(line.order.begin(), line.order.end(), 2) == 1);
  lithe_rwlock_unlock(&line.rwlock);
  line.scheduler.exit();
  CHECK(lithe_rwlock_destroy(&line.rwlock) == 0);
}

}  // namespace
