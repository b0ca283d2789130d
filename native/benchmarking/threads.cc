#include "benchmarking/threads.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "benchmarking/timing.h"

namespace harts::bench {

bool allow_on(const std::vector<int> &pus) {
  const auto count = static_cast<size_t>(*std::max_element(pus.begin(), pus.end())) + 1;
  cpu_set_t *set = CPU_ALLOC(count);
  if (!set) return false;
  CPU_ZERO_S(CPU_ALLOC_SIZE(count), set);
  for (int pu : pus) CPU_SET_S(static_cast<size_t>(pu), CPU_ALLOC_SIZE(count), set);
  const bool is_allowed = sched_setaffinity(0, CPU_ALLOC_SIZE(count), set) == 0;
  CPU_FREE(set);
  return is_allowed;
}

bool pin_to(int pu) { return allow_on({pu}); }

void futex_wait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

Helper::Helper() {
  if (pthread_create(&thread_, nullptr, main, this) != 0) {
    std::fprintf(stderr, "The benchmark needs a second thread, and the kernel refused to make one.\n");
    std::exit(1);
  }
}

Helper::~Helper() {
  ends_ = true;
  posted_.fetch_add(1, std::memory_order_release);
  futex_wake(posted_);
  pthread_join(thread_, nullptr);
}

void Helper::start(int pu, std::function<void()> work) {
  work_ = std::move(work);
  pu_ = pu;
  posted_.fetch_add(1, std::memory_order_release);
  futex_wake(posted_);
}

void Helper::finish() {
  const uint32_t wanted = posted_.load(std::memory_order_relaxed);
  for (uint32_t done; (done = done_.load(std::memory_order_acquire)) != wanted;) futex_wait(done_, done);
}

void *Helper::main(void *argument) {
  Helper &self = *static_cast<Helper *>(argument);
  int pinned = -1;
  for (uint32_t seen = 0;; ++seen) {
    while (self.posted_.load(std::memory_order_acquire) == seen) futex_wait(self.posted_, seen);
    if (self.ends_) return nullptr;
    if (self.pu_ != pinned && pin_to(self.pu_)) pinned = self.pu_;
    self.work_();
    self.done_.store(seen + 1, std::memory_order_release);
    futex_wake(self.done_);
  }
}

double ping_pong_ns(Helper &helper, int pu, int other_pu) {
  constexpr int count = 1000;
  static Flag ping, pong;
  pin_to(pu);
  ping.value.store(0, std::memory_order_relaxed);
  pong.value.store(0, std::memory_order_relaxed);
  constexpr uint32_t last = count * (batches_per_sample + 1);
  helper.start(other_pu, [] {
    for (uint32_t turn = 1; turn <= last; ++turn) {
      while (ping.value.load(std::memory_order_acquire) != turn) {
      }
      pong.value.store(turn, std::memory_order_release);
    }
  });
  uint32_t turn = 0;
  const auto batch = [&turn](int trips) {
    const uint64_t start = now_ns();
    for (int i = 0; i < trips; ++i) {
      ping.value.store(++turn, std::memory_order_release);
      while (pong.value.load(std::memory_order_acquire) != turn) {
      }
    }
    return now_ns() - start;
  };
  batch(count);  // the helper wakes up and the lines settle
  const double result = median_per_operation(count, batch);
  helper.finish();
  return result;
}

}  // namespace harts::bench
