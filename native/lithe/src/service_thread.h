// Kernel threads of the runtime's own that carry no hart: the timer, the monitor, the writer of dumps.
#pragma once

namespace lithe::core {

class Runtime;

// Starts a detached thread with all signals blocked, on any PU that the process may use: it would inherit the PU of a
// pinned carrier. `runtime` may be null, when there is none yet. Returns 0, LITHE_ENOMEM or LITHE_EAGAIN.
int service_thread_start(const Runtime *runtime, void *(*main)(void *), void *arg);

}  // namespace lithe::core
