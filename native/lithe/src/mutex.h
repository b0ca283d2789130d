// What condition variables need of a mutex.
#pragma once

#include "lithe/mutex.h"

namespace lithe::core {

// Frees a mutex of any kind on behalf of its owner, which locked it once, on whatever stack.
void mutex_release(lithe_mutex_t *mutex);

// Whether the mutex may be waited with: of the normal kind, or the caller's own and locked once.
bool mutex_can_be_waited_with(lithe_mutex_t *mutex);

}  // namespace lithe::core
