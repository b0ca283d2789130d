#include "testing/faults/scenario.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>

namespace harts::testing {
namespace {

const Scenario *newest = nullptr;

}  // namespace

Scenario::Scenario(const char *name, Start start, int (*operation)())
    : name_(name), start_(start), operation_(operation), next_(newest) {
  newest = this;
}

const Scenario *Scenario::first() { return newest; }

int Scenario::run() const {
  struct Call {
    int (*operation)();
    int code;
  } call{operation_, 0};
  const auto body = [](void *argument) -> void * {
    Call &made = *static_cast<Call *>(argument);
    try {
      made.code = made.operation();
    } catch (const std::bad_alloc &) {
      made.code = LITHE_ENOMEM;
    } catch (const lithe::Error &error) {
      made.code = error.code();
    }
    return nullptr;
  };
  pthread_t thread;
  if (pthread_create(&thread, nullptr, body, &call) != 0) {
    std::fprintf(stderr, "the test itself got no thread\n");
    std::abort();
  }
  pthread_join(thread, nullptr);
  return call.code;
}

}  // namespace harts::testing
