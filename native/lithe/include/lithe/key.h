#ifndef LITHE_KEY_H
#define LITHE_KEY_H

#include <stdint.h>

#include "lithe/context.h"
#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Context-local values: one for each context and key, empty when the context starts. Unlike thread_local objects, which
 * belong to the pooled thread, they begin anew with every context. A guest's values last as long as its thread. */
typedef struct lithe_key {
  uint32_t index;
  uint32_t round;
} lithe_key_t;

/* How many keys there may be at once. */
#define LITHE_KEYS_MAX 1024

/* Makes a key. When a context ends that has a value other than NULL, `destructor(value)` runs in that context, after its
 * start function; NULL for none. A destructor may set values again; that goes on for four rounds.
 * Callable from: anywhere. Errors: LITHE_EAGAIN when LITHE_KEYS_MAX are in use. */
LITHE_API int lithe_key_create(lithe_key_t *out, void (*destructor)(void *));
/* Ends a key: its values are forgotten, no destructor runs for them any more. Errors: LITHE_EINVAL for a key that has
 * ended. */
LITHE_API int lithe_key_delete(lithe_key_t key);
/* The calling context's value; NULL when there is none or the key has ended. Callable from: contexts, guests, plain
 * threads. */
LITHE_API void *lithe_key_get(lithe_key_t key);
/* Sets the calling context's value. Errors: LITHE_EINVAL for a key that has ended, LITHE_ENOMEM, LITHE_EPERM from a
 * callback. */
LITHE_API int lithe_key_set(lithe_key_t key, void *value);

LITHE_END_DECLS

#endif
