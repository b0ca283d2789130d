// The functions of libc that the runtime calls and that can fail, but for pthread_create (fault_injection.cc) and operator
// new (fault_memory.cc). Not for programs with ThreadSanitizer, whose start calls some of them before it is ready for
// that.
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "testing/fault_override.hpp"

using namespace harts::testing;

namespace {

std::atomic<long> mappings{0};

// As call_fails, for calls that report through errno.
bool fails_with_errno(Fault kind, const void *caller) {
  if (!call_fails(kind, caller)) return false;
  errno = error_of_call();
  return true;
}

}  // namespace

// --- memory ---

OVERRIDE char *strndup(const char *text, size_t length) {
  return fails_with_errno(Fault::memory, CALLER) ? nullptr : LIBC(strndup)(text, length);
}

OVERRIDE void *aligned_alloc(size_t alignment, size_t size) noexcept {
  return fails_with_errno(Fault::memory, CALLER) ? nullptr : LIBC(aligned_alloc)(alignment, size);
}

OVERRIDE cpu_set_t *__sched_cpualloc(size_t count) noexcept {
  return fails_with_errno(Fault::memory, CALLER) ? nullptr : LIBC(__sched_cpualloc)(count);
}

// --- mappings ---

OVERRIDE void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  const bool is_counted = call_counts(Fault::mapping, CALLER);
  if (is_counted && fails_with_errno(Fault::mapping, CALLER)) return MAP_FAILED;
  void *memory = LIBC(mmap)(address, size, protection, flags, fd, offset);
  if (is_counted && memory != MAP_FAILED) mappings.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

OVERRIDE int munmap(void *address, size_t size) noexcept {
  if (call_counts(Fault::mapping, CALLER)) mappings.fetch_sub(1, std::memory_order_relaxed);
  return LIBC(munmap)(address, size);
}

OVERRIDE int mprotect(void *address, size_t size, int protection) noexcept {
  return fails_with_errno(Fault::mapping, CALLER) ? -1 : LIBC(mprotect)(address, size, protection);
}

// --- threads ---

OVERRIDE int pthread_attr_init(pthread_attr_t *attributes) noexcept {
  return call_fails(Fault::attribute, CALLER) ? error_of_call() : LIBC(pthread_attr_init)(attributes);
}

OVERRIDE int pthread_attr_setaffinity_np(pthread_attr_t *attributes, size_t size, const cpu_set_t *set) noexcept {
  return call_fails(Fault::attribute, CALLER) ? error_of_call()
                                              : LIBC(pthread_attr_setaffinity_np)(attributes, size, set);
}

OVERRIDE int pthread_key_create(pthread_key_t *key, void (*destructor)(void *)) noexcept {
  return call_fails(Fault::key, CALLER) ? error_of_call() : LIBC(pthread_key_create)(key, destructor);
}

OVERRIDE int pthread_setspecific(pthread_key_t key, const void *value) noexcept {
  return call_fails(Fault::key, CALLER) ? error_of_call() : LIBC(pthread_setspecific)(key, value);
}

// What pthread_atfork, which is linked into each library, calls.
OVERRIDE int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void *library) noexcept {
  return call_fails(Fault::fork, CALLER) ? error_of_call() : LIBC(__register_atfork)(prepare, parent, child, library);
}

// --- files ---

OVERRIDE int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fails_with_errno(Fault::file, CALLER) ? -1 : LIBC(open)(path, flags, mode);
}

OVERRIDE ssize_t read(int fd, void *buffer, size_t size) {
  return fails_with_errno(Fault::file, CALLER) ? -1 : LIBC(read)(fd, buffer, size);
}

OVERRIDE ssize_t write(int fd, const void *buffer, size_t size) {
  return fails_with_errno(Fault::file, CALLER) ? -1 : LIBC(write)(fd, buffer, size);
}

// --- the kernel ---

// Reads as many arguments as there can be; where fewer were given it passes on what happens to be there.
#define TAKES_ALL __attribute__((no_sanitize("address")))

OVERRIDE TAKES_ALL long syscall(long number, ...) noexcept {
  va_list more;
  va_start(more, number);
  long given[6];
  for (long &argument : given) argument = va_arg(more, long);
  va_end(more);
  if (number == SYS_futex) {
    const long operation = given[1] & FUTEX_CMD_MASK;
    const bool waits = operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
    if (waits && fails_with_errno(Fault::wait, CALLER)) return -1;
  } else if (number == SYS_process_vm_readv || number == SYS_rseq) {
    if (fails_with_errno(Fault::kernel, CALLER)) return -1;
  }
  return LIBC(syscall)(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

OVERRIDE TAKES_ALL int prctl(int option, ...) noexcept {
  va_list more;
  va_start(more, option);
  unsigned long given[4];
  for (unsigned long &argument : given) argument = va_arg(more, unsigned long);
  va_end(more);
  return fails_with_errno(Fault::kernel, CALLER) ? -1 : LIBC(prctl)(option, given[0], given[1], given[2], given[3]);
}

OVERRIDE int sigaction(int signo, const struct sigaction *action, struct sigaction *before) noexcept {
  using Call = int (*)(int, const struct sigaction *, struct sigaction *);
  return fails_with_errno(Fault::kernel, CALLER) ? -1 : reinterpret_cast<Call>(FOUND(sigaction))(signo, action, before);
}

OVERRIDE int sched_getaffinity(pid_t thread, size_t size, cpu_set_t *set) noexcept {
  return fails_with_errno(Fault::kernel, CALLER) ? -1 : LIBC(sched_getaffinity)(thread, size, set);
}

OVERRIDE int sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set) noexcept {
  return fails_with_errno(Fault::kernel, CALLER) ? -1 : LIBC(sched_setaffinity)(thread, size, set);
}

long harts::testing::mappings_in_use() { return mappings; }
