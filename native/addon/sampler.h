/* Watches, from outside the scheduling protocol, that running threads never outnumber harts while jobs run. */
#ifndef HARTS_ADDON_SAMPLER_H
#define HARTS_ADDON_SAMPLER_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace harts::addon {

/* One per process, with one thread of its own that sleeps while no job runs. Leaked: the thread may outlive everything
 * else at exit. */
class Sampler {
 public:
  static Sampler &instance();

  /* Around every job. Callable from: any thread. */
  void job_started();
  void job_ended();

  std::uint64_t samples() const { return samples_.load(std::memory_order_relaxed); }
  std::uint64_t oversubscribed() const { return oversubscribed_.load(std::memory_order_relaxed); }
  std::uint64_t jobs_started() const { return jobs_.load(std::memory_order_relaxed); }
  std::uint32_t jobs_active() const { return active_.load(std::memory_order_relaxed); }

 private:
  void start_thread();
  void watch();

  std::mutex lock_;
  std::condition_variable wake_;
  bool thread_started_ = false;
  std::atomic<std::uint32_t> active_{0};
  std::atomic<std::uint64_t> jobs_{0};
  std::atomic<std::uint64_t> samples_{0};
  std::atomic<std::uint64_t> oversubscribed_{0};
};

}  // namespace harts::addon

#endif
