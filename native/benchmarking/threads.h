// Kernel threads for the contenders that are made of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <pthread.h>
#include <vector>

namespace harts::bench {

// Pins the calling thread to one PU (the operating system's number). False if the kernel refuses.
bool pin_to(int pu);
// Lets the calling thread run on these PUs only.
bool allow_on(const std::vector<int> &pus);

void futex_wait(std::atomic<uint32_t> &word, uint32_t expected);
void futex_wake(std::atomic<uint32_t> &word);

// A thread that sleeps in the kernel until it is given something to do. It outlives all measurements, so that none of
// them pays for making it.
class Helper {
 public:
  Helper();
  Helper(const Helper &) = delete;
  Helper &operator=(const Helper &) = delete;
  ~Helper();

  // Starts `work` on the helper, pinned to `pu`; returns at once. One at a time.
  void start(int pu, std::function<void()> work);
  // Waits, in the kernel, until the work is done.
  void finish();

 private:
  static void *main(void *self);

  std::function<void()> work_;
  int pu_ = -1;
  std::atomic<uint32_t> posted_{0};
  std::atomic<uint32_t> done_{0};
  bool ends_ = false;
  pthread_t thread_{};
};

// One flag on a cache line of its own, with the line that the prefetcher pairs with it.
struct alignas(128) Flag {
  std::atomic<uint32_t> value{0};
};

// Round trip of a cache line between two threads that spin, one of them the caller, pinned to `pu` and `other_pu`, in
// nanoseconds: the median of several short runs.
double ping_pong_ns(Helper &helper, int pu, int other_pu);

}  // namespace harts::bench
