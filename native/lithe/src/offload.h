// Syscall offload: see lithe/offload.h.
//
// Each kernel thread that carries harts has told the kernel the address of a byte, Carrier::selector. While it is
// `trap`, a system call raises SIGSYS instead; while it is `pass` it is a system call. It is `trap` exactly while code of
// a donor context runs (code_mark.h).
#pragma once

#include <atomic>

#include "carrier.h"

namespace lithe::core {

extern std::atomic<bool> offload_is_on;

// For the calling kernel thread, which is about to carry harts as `carrier`. / Before `carrier` goes.
void offload_attach(Carrier *carrier);
void offload_detach();

}  // namespace lithe::core
