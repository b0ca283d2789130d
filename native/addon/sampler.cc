#include "addon/sampler.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <exception>
#include <thread>

#include "lithe/lithe.h"

namespace harts::addon {
namespace {
// One look reads a few files of /proc: at this pace far below a thousandth of one PU.
constexpr std::chrono::milliseconds kPeriod{25};
}  // namespace

Sampler &Sampler::instance() {
  static Sampler &leaked = *new Sampler;
  return leaked;
}

void Sampler::job_started() {
  jobs_.fetch_add(1, std::memory_order_relaxed);
  if (active_.fetch_add(1, std::memory_order_relaxed) > 0) return;
  const std::lock_guard hold(lock_);
  if (!thread_started_) start_thread();
  wake_.notify_one();
}

void Sampler::job_ended() { active_.fetch_sub(1, std::memory_order_relaxed); }

void Sampler::start_thread() {
  // Signals belong to the threads of Node.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([this] { watch(); }).detach();
    thread_started_ = true;
  } catch (const std::exception &) {
    // Without a thread there are no samples; jobs run all the same.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Sampler::watch() {
  pthread_setname_np(pthread_self(), "harts-sampler");
  for (;;) {
    {
      std::unique_lock hold(lock_);
      wake_.wait(hold, [this] { return jobs_active() > 0; });
    }
    std::this_thread::sleep_for(kPeriod);
    if (jobs_active() == 0) continue;
    const int excess = lithe_stats_oversubscribed();
    samples_.fetch_add(1, std::memory_order_relaxed);
    if (excess > 0) oversubscribed_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace harts::addon
