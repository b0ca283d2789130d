#include <pthread.h>
#include <sched.h>

#include "benchmarking/peers.h"
#include "benchmarking/timing.h"

namespace harts::bench {

double sched_yield_switch(Helper &helper, int pu) {
  // A yield may come back without a switch, so the turns are counted, not the calls. Both threads are on one PU:
  // relaxed order is enough.
  static std::atomic<int> last;
  static std::atomic<int> switches;
  static std::atomic<bool> stops;
  const auto turn = [](int me) {
    if (last.load(std::memory_order_relaxed) != me) {
      last.store(me, std::memory_order_relaxed);
      switches.store(switches.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    sched_yield();
  };
  pin_to(pu);
  stops.store(false);
  switches.store(0);
  helper.start(pu, [turn] {
    while (!stops.load(std::memory_order_relaxed)) turn(1);
  });
  const auto batch = [turn](int count) {
    const int first = switches.load(std::memory_order_relaxed);
    const uint64_t start = now_ns();
    while (switches.load(std::memory_order_relaxed) - first < count) turn(0);
    return now_ns() - start;
  };
  batch(20);
  const double result = median_per_operation(200, batch);
  stops.store(true);
  helper.finish();
  return result;
}

double futex_switch(Helper &helper, int pu) {
  static Flag ping, pong;
  constexpr int count = 100;
  constexpr uint32_t last = count * batches_per_sample + 10;
  pin_to(pu);
  ping.value.store(0);
  pong.value.store(0);
  const auto await = [](std::atomic<uint32_t> &word, uint32_t wanted) {
    for (uint32_t value; (value = word.load(std::memory_order_acquire)) != wanted;) futex_wait(word, value);
  };
  const auto set = [](std::atomic<uint32_t> &word, uint32_t value) {
    word.store(value, std::memory_order_release);
    futex_wake(word);
  };
  helper.start(pu, [await, set] {
    for (uint32_t turn = 1; turn <= last; ++turn) {
      await(ping.value, turn);
      set(pong.value, turn);
    }
  });
  uint32_t turn = 0;
  const auto batch = [&](int trips) {
    const uint64_t start = now_ns();
    for (int i = 0; i < trips; ++i) {
      set(ping.value, ++turn);
      await(pong.value, turn);
    }
    return now_ns() - start;
  };
  batch(10);
  const double round_trip = median_per_operation(count, batch);
  helper.finish();
  return round_trip / 2;
}

double pthread_create_join(int pu) {
  pin_to(pu);
  const auto batch = [](int count) {
    const uint64_t start = now_ns();
    for (int i = 0; i < count; ++i) {
      pthread_t thread;
      const auto nothing = [](void *) -> void * { return nullptr; };
      if (pthread_create(&thread, nullptr, nothing, nullptr) == 0) pthread_join(thread, nullptr);
    }
    return now_ns() - start;
  };
  batch(2);
  return median_per_operation(20, batch);
}

double spinning_hand_off(Helper &helper, int pu, int other_pu) {
  static Flag ping, pong;
  pin_to(pu);
  ping.value.store(0);
  pong.value.store(0);
  helper.start(other_pu, [] {
    for (uint32_t turn = 1; turn <= spinner_operations + 1; ++turn) {
      while (ping.value.load(std::memory_order_acquire) != turn) {
      }
      pong.value.store(turn, std::memory_order_release);
    }
  });
  uint32_t turn = 0;
  const auto hand_off = [&turn] {
    ping.value.store(++turn, std::memory_order_release);
    while (pong.value.load(std::memory_order_acquire) != turn) {
    }
  };
  hand_off();  // the helper wakes up
  const double result = midmean_single(spinner_operations, spinner_pause_ns, hand_off, [] {});
  helper.finish();
  return result;
}

double futex_hand_off(Helper &helper, int pu, int other_pu) {
  static Flag ping, pong;
  pin_to(pu);
  ping.value.store(0);
  pong.value.store(0);
  helper.start(other_pu, [] {
    for (uint32_t turn = 1; turn <= sleeper_operations + 1; ++turn) {
      while (ping.value.load(std::memory_order_acquire) != turn) futex_wait(ping.value, turn - 1);
      pong.value.store(turn, std::memory_order_release);
    }
  });
  uint32_t turn = 0;
  const auto hand_off = [&turn] {
    ping.value.store(++turn, std::memory_order_release);
    futex_wake(ping.value);
    while (pong.value.load(std::memory_order_acquire) != turn) {
    }
  };
  hand_off();
  const double result = midmean_single(sleeper_operations, sleeper_pause_ns, hand_off, [] {});
  helper.finish();
  return result;
}

double condvar_hand_off(Helper &helper, int pu, int other_pu) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t condvar = PTHREAD_COND_INITIALIZER;
  static uint32_t ping;
  static Flag pong;
  pin_to(pu);
  ping = 0;
  pong.value.store(0);
  helper.start(other_pu, [] {
    for (uint32_t turn = 1; turn <= sleeper_operations + 1; ++turn) {
      pthread_mutex_lock(&mutex);
      while (ping != turn) pthread_cond_wait(&condvar, &mutex);
      pthread_mutex_unlock(&mutex);
      pong.value.store(turn, std::memory_order_release);
    }
  });
  uint32_t turn = 0;
  const auto hand_off = [&turn] {
    pthread_mutex_lock(&mutex);
    ping = ++turn;
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&condvar);
    while (pong.value.load(std::memory_order_acquire) != turn) {
    }
  };
  hand_off();
  const double result = midmean_single(sleeper_operations, sleeper_pause_ns, hand_off, [] {});
  helper.finish();
  return result;
}

}  // namespace harts::bench
