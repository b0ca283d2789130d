#include "peek.h"

#include <cerrno>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace lithe::core {

// Invisible to sanitizers, which would rightly call it a race.
__attribute__((no_sanitize("address", "thread", "undefined"))) void copy_racily(void *to, const void *from,
                                                                                size_t size) {
  volatile char *target = static_cast<volatile char *>(to);
  const volatile char *source = static_cast<const volatile char *>(from);
  for (size_t i = 0; i < size; ++i) target[i] = source[i];
}

// The kernel copies: it answers EFAULT where this process would fault. Not through the library's function, which
// sanitizers replace.
bool peek(void *to, const void *from, size_t size) {
  if (!from) return false;
  const int saved = errno;
  iovec local{to, size};
  iovec remote{const_cast<void *>(from), size};
  const long copied = syscall(SYS_process_vm_readv, getpid(), &local, 1UL, &remote, 1UL, 0UL);
  const bool is_refused = copied < 0 && (errno == ENOSYS || errno == EPERM);
  errno = saved;
  // A kernel, or an emulator, that does not offer it.
  if (is_refused) copy_racily(to, from, size);
  return is_refused || copied == static_cast<long>(size);
}

void peek_text(char *to, size_t size, const char *from) {
  size_t length = 0;
  // Byte by byte: the text may end just before memory does.
  for (; length + 1 < size; ++length) {
    char letter;
    if (!peek(&letter, from + length, 1)) {
      to[length++] = '?';
      break;
    }
    if (letter == '\0') break;
    const unsigned char code = static_cast<unsigned char>(letter);
    to[length] = code < 0x20 || code == 0x7f ? '?' : letter;
  }
  to[length] = '\0';
}

}  // namespace lithe::core
