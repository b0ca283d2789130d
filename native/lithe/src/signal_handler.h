// Signal handlers that run on the stack of a context and may switch to another one in between.
#pragma once

#include <csignal>
#include <cstdint>
#include <ucontext.h>

namespace lithe::core {

using SignalHandler = void (*)(int, siginfo_t *, void *machine_context);

// Installs `handler` for the whole process. SA_NODEFER among the flags: the handler of one context is left for the code
// of another. On x86-64 it returns to lithe_signal_restore instead of libc's function, because the return is a system call
// too, which must pass when others trap. Returns false if the kernel refuses.
bool signal_handle(int signo, SignalHandler handler, unsigned long flags);

// The same with the default action, from within a handler.
void signal_handle_by_default(int signo);

#if defined(__x86_64__)
// From the one to the other: the code whose system calls pass always.
extern "C" const char lithe_signal_restore __attribute__((visibility("hidden")));
extern "C" const char lithe_signal_restore_end __attribute__((visibility("hidden")));
#endif

}  // namespace lithe::core
