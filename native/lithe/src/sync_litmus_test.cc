// What the synchronisation objects promise about memory, and that none of them loses a wake-up when two meet in the
// middle of it. The data is plain, so that ThreadSanitizer sees an order that is not there; the value is checked as well.
#include <atomic>
#include <doctest/doctest.h>

#include "lithe/lithe.hpp"
#include "testing/litmus.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

constexpr uint32_t rwlock_insisted = 1u << 29;  // rwlock.cc

TEST_CASE("litmus: a writer that is handed the lock comes after readers that had left before it insisted") {
  lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  std::atomic<int> late_is_in{0}, early_has_left{0};
  int data = 0;
  int seen = 0;
  const auto early = [&] {
    await_unordered(late_is_in, 1);
    lithe_rwlock_rdlock(&rwlock);
    seen = data;
    lithe_rwlock_unlock(&rwlock);
    early_has_left.store(1, std::memory_order_relaxed);
  };
  const auto late = [&] {
    lithe_rwlock_rdlock(&rwlock);
    late_is_in.store(1, std::memory_order_relaxed);
    const std::atomic_ref<uint32_t> state(rwlock.state);
    while ((state.load(std::memory_order_relaxed) & rwlock_insisted) == 0) sched_yield();
    lithe_rwlock_unlock(&rwlock);
  };
  const auto writer = [&] {
    await_unordered(early_has_left, 1);
    lithe_rwlock_wrlock(&rwlock);
    ++data;
    lithe_rwlock_unlock(&rwlock);
  };
  int round = 0;
  litmus(
      rounds(200), {early, late, writer}, [&] { late_is_in = early_has_left = 0; },
      [&] {
        CHECK(seen == round);
        CHECK(data == ++round);
      });
}

// Two flows change one datum, each inside `enter` and `leave`.
template <class Enter, class Leave>
void exclude(Enter enter, Leave leave) {
  long sum = 0;
  const auto step = [&] {
    enter();
    ++sum;
    leave();
  };
  long expected = 0;
  litmus(
      rounds(10000), {step, step}, [] {}, [&] { CHECK(sum == (expected += 2)); });
}

TEST_CASE("litmus: who takes a lock comes after who had it, and who unlocks sees who waits") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  exclude([&] { lithe_mutex_lock(&mutex); }, [&] { lithe_mutex_unlock(&mutex); });
  lithe_rwlock_t rwlock = LITHE_RWLOCK_INITIALIZER;
  exclude([&] { lithe_rwlock_wrlock(&rwlock); }, [&] { lithe_rwlock_unlock(&rwlock); });
  lithe_semaphore_t semaphore;
  lithe_semaphore_init(&semaphore, 1);
  exclude([&] { lithe_semaphore_wait(&semaphore); }, [&] { lithe_semaphore_post(&semaphore); });
  lithe_spinlock_t spinlock = LITHE_SPINLOCK_INITIALIZER;
  exclude([&] { lithe_spinlock_lock(&spinlock); }, [&] { lithe_spinlock_unlock(&spinlock); });
  // The waiter and the timer want to end the same wait.
  exclude(
      [&] {
        while (lithe_mutex_timedlock(&mutex, lithe_clock_after(1000)) != 0) sched_yield();
      },
      [&] { lithe_mutex_unlock(&mutex); });
}

TEST_CASE("litmus: a unit that is taken shows what was written before it was posted") {
  lithe_semaphore_t semaphore;
  lithe_semaphore_init(&semaphore, 0);
  int data = 0, seen = 0;
  const auto post = [&] {
    ++data;
    lithe_semaphore_post(&semaphore);
  };
  const auto wait = [&] {
    lithe_semaphore_wait(&semaphore);
    seen = data;
  };
  int round = 0;
  litmus(
      rounds(10000), {post, wait}, [] {}, [&] { CHECK(seen == ++round); });
  // The poster may be between its two looks at the value.
  int taken = 0;
  const auto try_wait = [&] {
    if (lithe_semaphore_trywait(&semaphore) != 0) return;
    taken = 1;
    seen = data;
  };
  litmus(
      rounds(10000), {post, try_wait}, [&] { taken = 0; },
      [&] {
        ++round;
        if (taken) CHECK(seen == round);
        CHECK(lithe_semaphore_trywait(&semaphore) == (taken ? LITHE_EBUSY : 0));
      });
}

TEST_CASE("litmus: behind a latch and a barrier there is what all wrote before them") {
  lithe_latch_t latch;
  lithe_barrier_t barrier;
  lithe_barrier_init(&barrier, 2);
  int data[2] = {0, 0};
  int seen = 0;
  const auto arrive = [&](int which) {
    ++data[which];
    lithe_latch_down(&latch, 1);
  };
  const auto wait = [&] {
    lithe_latch_wait(&latch);
    seen = data[0] + data[1];
  };
  int round = 0;
  litmus(
      rounds(5000), {[&] { arrive(0); }, [&] { arrive(1); }, wait}, [&] { lithe_latch_init(&latch, 2); },
      [&] { CHECK(seen == 2 * ++round); });
  CHECK(lithe_latch_destroy(&latch) == 0);

  int others[2];
  const auto meet = [&](int which) {
    ++data[which];
    lithe_barrier_wait(&barrier);
    others[which] = data[1 - which];
    lithe_barrier_wait(&barrier);
  };
  litmus(
      rounds(5000), {[&] { meet(0); }, [&] { meet(1); }}, [] {},
      [&] {
        ++round;
        CHECK(others[0] == round);
        CHECK(others[1] == round);
      });
  CHECK(lithe_barrier_destroy(&barrier) == 0);
}

TEST_CASE("litmus: whoever finds a thing done sees what was done") {
  lithe_once_t once;
  int data = 0;
  int seen[2];
  const auto call = [&](int which) {
    lithe_once_call(
        &once, [](void *argument) { ++*static_cast<int *>(argument); }, &data);
    seen[which] = data;
  };
  int round = 0;
  litmus(
      rounds(10000), {[&] { call(0); }, [&] { call(1); }}, [&] { once = LITHE_ONCE_INITIALIZER; },
      [&] {
        ++round;
        CHECK(seen[0] == round);
        CHECK(seen[1] == round);
      });
}

TEST_CASE("litmus: either the waiter sees the word, or who wakes sees the waiter") {
  uint32_t word = 0;
  int data = 0, seen = 0;
  const auto wake = [&] {
    ++data;
    std::atomic_ref<uint32_t>(word).store(1, std::memory_order_release);
    lithe_futex_wake(&word, 1);
  };
  const auto wait = [&] {
    while (std::atomic_ref<uint32_t>(word).load(std::memory_order_acquire) == 0)
      lithe_futex_wait(&word, 0, LITHE_FOREVER);
    seen = data;
  };
  int round = 0;
  litmus(
      rounds(10000), {wake, wait}, [&] { word = 0; }, [&] { CHECK(seen == ++round); });

  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  bool is_set = false;
  const auto signal = [&] {
    lithe_mutex_lock(&mutex);
    is_set = true;
    lithe_mutex_unlock(&mutex);
    lithe_condvar_signal(&condvar);
  };
  const auto await_set = [&] {
    lithe_mutex_lock(&mutex);
    while (!is_set) lithe_condvar_wait(&condvar, &mutex);
    lithe_mutex_unlock(&mutex);
  };
  litmus(
      rounds(10000), {signal, await_set}, [&] { is_set = false; }, [&] { CHECK(is_set); });
}

TEST_CASE("litmus: a context that is resumed comes after who unblocked it") {
  std::atomic<lithe_context_t *> waiting{nullptr};
  int data = 0, seen = 0;
  const auto block = [&] {
    lithe_context_block(
        [](lithe_context_t *self, void *slot) { static_cast<std::atomic<lithe_context_t *> *>(slot)->store(self); },
        &waiting);
    seen = data;
  };
  const auto unblock = [&] {
    lithe_context_t *context;
    while (!(context = waiting.exchange(nullptr))) sched_yield();
    ++data;
    lithe_context_unblock(context);
  };
  int round = 0;
  litmus(
      rounds(10000), {block, unblock}, [] {}, [&] { CHECK(seen == ++round); });
}

TEST_CASE("litmus: a key that is made anew has nothing of the one that was there") {
  static std::atomic<int> of_other{0};
  of_other = 0;
  static int old_value, new_value;
  lithe_key_t key;
  const auto end_and_make = [&] {
    lithe_key_delete(key);
    lithe_key_create(&key, [](void *value) {
      if (value != &new_value) ++of_other;
    });
  };
  // Its value is for a key that ends at the moment when the values are looked through.
  const auto live_and_die = [&](lithe_key_t mine) { std::thread([mine] { lithe_key_set(mine, &old_value); }).join(); };
  lithe_key_t old_key;
  litmus(
      rounds(500), {end_and_make, [&] { live_and_die(old_key); }},
      [&] {
        CHECK(lithe_key_create(&key, [](void *value) {
                if (value != &old_value) ++of_other;
              }) == 0);
        old_key = key;
      },
      [&] { CHECK(lithe_key_delete(key) == 0); });
  CHECK(of_other == 0);
}

}  // namespace
