// What the sanitizers must be told about stack switches. Empty in other builds.
//
// A context needs little: its stack and its TLS move together, so ASan and TSan see the pthread that it is, wherever it
// runs. TSan must only learn that the switch orders memory. A guest's carrier loop is another matter: it runs on a
// second stack of the same thread, and both sanitizers keep one shadow per thread; there they are told of a fiber.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace lithe::core::sanitizer {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool is_there = true;
#else
constexpr bool is_there = false;
#endif

// Orders everything before `release(token)` on one stack before everything after `acquire(token)` on another.
inline void release([[maybe_unused]] void *token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(token);
#endif
}
inline void acquire([[maybe_unused]] void *token) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(token);
#endif
}

// A stack is about to be unmapped whose frames never returned: what ASan has poisoned there must not outlive it.
inline void forget_stack([[maybe_unused]] void *bottom, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(bottom, size);
#endif
}

// The second stack of a guest's kernel thread, and the way between the two.
struct Fiber {
#if defined(__SANITIZE_THREAD__)
  void *loop = nullptr;
  void *guest = nullptr;
#endif
#if defined(__SANITIZE_ADDRESS__)
  void *loop_fake = nullptr;
  void *guest_fake = nullptr;
  const void *guest_bottom = nullptr;
  size_t guest_size = 0;
#endif

  void before_entering_loop([[maybe_unused]] const void *bottom, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&guest_fake, bottom, size);
#endif
#if defined(__SANITIZE_THREAD__)
    if (!loop) loop = __tsan_create_fiber(0);
    guest = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(loop, 0);
#endif
  }
  void after_entering_loop() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(loop_fake, &guest_bottom, &guest_size);
#endif
  }
  void before_returning_to_guest() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&loop_fake, guest_bottom, guest_size);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(guest, 0);
#endif
  }
  void after_returning_to_guest() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(guest_fake, nullptr, nullptr);
#endif
  }
  void destroy() {
#if defined(__SANITIZE_THREAD__)
    if (loop) __tsan_destroy_fiber(loop);
    loop = nullptr;
#endif
  }
};

}  // namespace lithe::core::sanitizer
