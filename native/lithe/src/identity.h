// Who the calling thread is to the runtime.
#pragma once

#include "context.h"

namespace lithe::core {

// What identities need of the process, once: with the first runtime, under the lock of its start. 0 or LITHE_EAGAIN when
// the process has no POSIX key left.
int identity_prepare();

// Makes the calling thread, a stranger, a guest. Null when memory is exhausted.
Context *identity_make_guest();

// The calling flow of control; makes the thread a guest if it is a stranger. Null when memory is exhausted.
inline Context *identity_self() {
  Context *self = self_pointer;
  return self ? self : identity_make_guest();
}

// Lets the context's memory go when its thread exits, after the thread's C++ thread_local destructors: POSIX keys are
// destroyed after those. False when memory is exhausted; identity_release_now does it at once.
bool identity_release_at_thread_exit(Context *context);
void identity_release_now(Context *context);

// In the child of fork: the only thread is a stranger again.
void identity_forget();

}  // namespace lithe::core
