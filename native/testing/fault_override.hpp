// For definitions of this program's own that come before those of the libraries.
#ifndef HARTS_TESTING_FAULT_OVERRIDE_HPP
#define HARTS_TESTING_FAULT_OVERRIDE_HPP

#include <atomic>
#include <dlfcn.h>

#include "testing/fault_injection.hpp"

#define OVERRIDE extern "C" __attribute__((visibility("default")))
// The code that called the function in which this stands.
#define CALLER __builtin_return_address(0)

namespace harts::testing {

// The function called `name` that this program's own one has replaced. Not looked up under the guard of a static object:
// these may be called before main.
inline void *replaced(const char *name, std::atomic<void *> &found) {
  void *known = found.load(std::memory_order_relaxed);
  if (!known) found.store(known = dlsym(RTLD_NEXT, name), std::memory_order_relaxed);
  return known;
}
#define FOUND(name)                                \
  ([] {                                            \
    static std::atomic<void *> found{nullptr};     \
    return harts::testing::replaced(#name, found); \
  }())
#define LIBC(name) (reinterpret_cast<decltype(&(name))>(FOUND(name)))

}  // namespace harts::testing

#endif
