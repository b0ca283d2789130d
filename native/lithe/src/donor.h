// Donors: the pthreads whose stack and thread identity a context is made of.
#pragma once

#include <cstddef>

#include "context.h"

namespace lithe::core {

class Runtime;

constexpr size_t donor_default_stack_size = size_t{1} << 20;

// Makes a pthread and lets its kernel thread go to sleep; the context becomes resumable when it does. Returns 0,
// LITHE_ENOMEM or LITHE_EAGAIN.
int donor_start(Runtime &runtime, size_t stack_size, int identity, Context **out);

// Ends the kernel thread of a context that is suspended and will not run again: it wakes on its own stack and leaves
// through its normal exit, so thread_local destructors run. The context's memory goes with it.
void donor_end(Context *context);           // returns at once
void donor_end_and_join(Context *context);  // returns when the thread is gone

// Lets the kernel thread of a context that has left its stack go on as that context, without a hart.
void donor_wake(Context *context);
// To be called by the context when it goes on so.
void donor_is_on_its_own(Context *context);
// Makes the calling context, which is on its own, ready, and puts its kernel thread to sleep; returns on a hart.
void donor_goes_back(Context *context);

}  // namespace lithe::core
