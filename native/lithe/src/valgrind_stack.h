// What Valgrind must be told about stacks. It takes a jump of the stack pointer for a large frame that comes or goes, and
// marks what is in between as gone, unless both ends are in stacks that it knows.
#pragma once

#include <cstdint>
#include <pthread.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

namespace lithe::core {

// A stack between which and others a kernel thread may switch. Does nothing outside Valgrind, and in a build without
// its header.
class ValgrindStack {
 public:
#if defined(RUNNING_ON_VALGRIND)
  void enter(const void *bottom, const void *top) {
    if (!RUNNING_ON_VALGRIND) return;
    leave();
    id_ = VALGRIND_STACK_REGISTER(bottom, top);
    is_known_ = true;
  }
  // The stack of the calling thread.
  void enter_own() {
    pthread_attr_t attributes;
    void *bottom = nullptr;
    size_t size = 0;
    if (!RUNNING_ON_VALGRIND || pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    if (pthread_attr_getstack(&attributes, &bottom, &size) == 0) enter(bottom, static_cast<char *>(bottom) + size);
    pthread_attr_destroy(&attributes);
  }
  void leave() {
    if (is_known_) VALGRIND_STACK_DEREGISTER(id_);
    is_known_ = false;
  }

 private:
  unsigned id_ = 0;
  bool is_known_ = false;
#else
  void enter(const void *, const void *) {}
  void enter_own() {}
  void leave() {}
#endif
};

}  // namespace lithe::core
