#ifndef LITHE_ERROR_H
#define LITHE_ERROR_H

#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Every call that can fail returns 0 or one of these negative codes. errno is neither set nor read. */
enum {
  LITHE_EINVAL = -1,    /* an argument, or the state of the object, does not allow the call */
  LITHE_ENOMEM = -2,    /* memory or address space is exhausted */
  LITHE_EAGAIN = -3,    /* the kernel refused another thread, or a table of fixed size is full; may succeed later */
  LITHE_EBUSY = -4,     /* the object is in use */
  LITHE_EPERM = -5,     /* the call is not allowed from here (see the call's "Callable from") */
  LITHE_ETOPOLOGY = -6, /* hwloc could not read this machine */
  LITHE_ETIMEDOUT = -7, /* the deadline passed first */
  LITHE_EDEADLK = -8,   /* the caller would wait for itself */
  LITHE_ENOTSUP = -9,   /* this kernel or processor does not offer it */
  LITHE_EIO = -10       /* a file descriptor did not take what was written */
};

/* One sentence for `code`, in static storage. Callable from anywhere; unknown codes get a sentence that says so. */
LITHE_API const char *lithe_strerror(int code);

LITHE_END_DECLS

#endif
