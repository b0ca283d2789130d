// Reading memory that may be freed, or be something else, by the time it is read.
#pragma once

#include <cstddef>

namespace lithe::core {

// Copies `size` bytes from `from`; false when there is no memory at that address. What is copied may be torn or stale:
// the caller believes nothing of it that matters. Neither allocates nor takes a lock.
bool peek(void *to, const void *from, size_t size);

// The same of memory that is there, but may be written meanwhile.
void copy_racily(void *to, const void *from, size_t size);

// The text at `from`, cut to fit, with '?' for what cannot be printed; "?" when there is none.
void peek_text(char *to, size_t size, const char *from);

}  // namespace lithe::core
