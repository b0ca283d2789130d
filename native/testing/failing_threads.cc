#include "testing/failing_threads.hpp"

#include <atomic>
#include <dlfcn.h>
#include <pthread.h>

namespace {

std::atomic<int> successes_left{0}, failures_left{0}, error_given{0}, failed{0};

// Counts down and tells whether it was above zero.
bool take(std::atomic<int> &left) {
  for (int now = left.load(); now > 0;) {
    if (left.compare_exchange_weak(now, now - 1)) return true;
  }
  return false;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
                                                                     const pthread_attr_t *attributes,
                                                                     void *(*start)(void *), void *arg) {
  using Create = int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  static const Create create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (failures_left.load(std::memory_order_relaxed) > 0 && !take(successes_left) && take(failures_left)) {
    ++failed;
    return error_given;
  }
  return create(thread, attributes, start, arg);
}

namespace harts::testing {

void fail_thread_creation(int successes, int failures, int error) {
  failures_left = 0;
  failed = 0;
  error_given = error;
  successes_left = successes;
  failures_left = failures;
}

int failed_thread_creations() { return failed; }

}  // namespace harts::testing
