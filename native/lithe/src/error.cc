#include "lithe/error.h"

extern "C" const char *lithe_strerror(int code) {
  switch (code) {
    case 0:
      return "no error";
    case LITHE_EINVAL:
      return "an argument, or the state of the object, does not allow the call";
    case LITHE_ENOMEM:
      return "memory or address space is exhausted";
    case LITHE_EAGAIN:
      return "the kernel refused another thread, or a table of fixed size is full";
    case LITHE_EBUSY:
      return "the object is in use";
    case LITHE_EPERM:
      return "the call is not allowed from here";
    case LITHE_ETOPOLOGY:
      return "the topology of this machine cannot be read";
    case LITHE_ETIMEDOUT:
      return "the deadline passed first";
    case LITHE_EDEADLK:
      return "the caller would wait for itself";
    case LITHE_EIO:
      return "the file descriptor did not take what was written";
    case LITHE_ENOTSUP:
      return "this kernel or processor does not offer it";
    default:
      return code > 0 ? "not an error" : "not a code of liblithe";
  }
}
