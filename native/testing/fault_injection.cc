#include "testing/fault_injection.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "raw_syscall.h"

#define OVERRIDE extern "C" __attribute__((visibility("default")))
// The code that called the function in which this stands.
#define CALLER __builtin_return_address(0)

namespace {

using harts::testing::Fault;
using lithe::core::raw_syscall;

constexpr int nothing = -1;
std::atomic<long> mappings{0};
std::atomic<bool> is_exempt{false};

// What shall fail, and what has.
struct Order {
  std::atomic<int> kind{nothing}, successes_left{0}, failures_left{0}, error{0}, failed{0};
};

// Shared with forked children, so that one call fails in the whole family. By a raw call: mmap below needs all of this.
Order &shared_order() {
  const long memory = raw_syscall(SYS_mmap, 0, sizeof(Order), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
  if (memory < 0 && memory > -4096) std::abort();
  return *new (reinterpret_cast<void *>(memory)) Order;
}
Order &order = shared_order();

struct Code {
  uintptr_t begin = 0, end = 0;
  bool has(const void *address) const { return reinterpret_cast<uintptr_t>(address) - begin < end - begin; }
};

// Where the code is whose calls count.
struct OwnCode {
  Code lithe, gomp, program, library;

  OwnCode() { dl_iterate_phdr(note, this); }
  static int note(dl_phdr_info *object, size_t, void *self) {
    OwnCode &own = *static_cast<OwnCode *>(self);
    const char *slash = std::strrchr(object->dlpi_name, '/');
    const char *name = slash ? slash + 1 : object->dlpi_name;
    Code *code = std::strncmp(name, "liblithe.so", 11) == 0    ? &own.lithe
                 : std::strncmp(name, "libgomp.so", 10) == 0   ? &own.gomp
                 : std::strncmp(name, "libstdc++.so", 12) == 0 ? &own.library
                 : *name == '\0' && own.program.end == 0       ? &own.program
                                                               : nullptr;
    for (int i = 0; code && i < object->dlpi_phnum; ++i) {
      const auto &header = object->dlpi_phdr[i];
      if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
      code->begin = object->dlpi_addr + header.p_vaddr;
      code->end = code->begin + header.p_memsz;
    }
    return 0;
  }
};

// Before main, so that no call has to look for it.
const OwnCode own_code;

bool counts(Fault kind, const void *caller) { return harts::testing::call_counts(kind, caller); }

// Counts down and tells whether it was above zero.
bool take(std::atomic<int> &left) {
  for (int now = left.load(); now > 0;) {
    if (left.compare_exchange_weak(now, now - 1)) return true;
  }
  return false;
}

bool fails(Fault kind, const void *caller) { return harts::testing::call_fails(kind, caller); }

// The same for calls that report through errno.
bool fails_with_errno(Fault kind, const void *caller) {
  if (!fails(kind, caller)) return false;
  errno = order.error;
  return true;
}

// The function called `name` that this program's own one has replaced. Not looked up under the guard of a static object:
// these may be called before main.
void *replaced(const char *name, std::atomic<void *> &found) {
  void *known = found.load(std::memory_order_relaxed);
  if (!known) found.store(known = dlsym(RTLD_NEXT, name), std::memory_order_relaxed);
  return known;
}
#define FOUND(name)                            \
  ([] {                                        \
    static std::atomic<void *> found{nullptr}; \
    return replaced(#name, found);             \
  }())
#define LIBC(name) (reinterpret_cast<decltype(&(name))>(FOUND(name)))

}  // namespace

// --- memory, but for operator new (fault_memory.cc) ---

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
  const bool is_counted = counts(Fault::mapping, CALLER);
  if (is_counted && fails_with_errno(Fault::mapping, CALLER)) return MAP_FAILED;
  void *memory = LIBC(mmap)(address, size, protection, flags, fd, offset);
  if (is_counted && memory != MAP_FAILED) mappings.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

OVERRIDE int munmap(void *address, size_t size) noexcept {
  if (counts(Fault::mapping, CALLER)) mappings.fetch_sub(1, std::memory_order_relaxed);
  return LIBC(munmap)(address, size);
}

OVERRIDE int mprotect(void *address, size_t size, int protection) noexcept {
  return fails_with_errno(Fault::mapping, CALLER) ? -1 : LIBC(mprotect)(address, size, protection);
}

// --- threads ---

OVERRIDE int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                            void *arg) noexcept {
  return fails(Fault::thread, CALLER) ? order.error.load() : LIBC(pthread_create)(thread, attributes, start, arg);
}

OVERRIDE int pthread_attr_init(pthread_attr_t *attributes) noexcept {
  return fails(Fault::attribute, CALLER) ? order.error.load() : LIBC(pthread_attr_init)(attributes);
}

OVERRIDE int pthread_attr_setaffinity_np(pthread_attr_t *attributes, size_t size, const cpu_set_t *set) noexcept {
  return fails(Fault::attribute, CALLER) ? order.error.load()
                                         : LIBC(pthread_attr_setaffinity_np)(attributes, size, set);
}

OVERRIDE int pthread_key_create(pthread_key_t *key, void (*destructor)(void *)) noexcept {
  return fails(Fault::key, CALLER) ? order.error.load() : LIBC(pthread_key_create)(key, destructor);
}

OVERRIDE int pthread_setspecific(pthread_key_t key, const void *value) noexcept {
  return fails(Fault::key, CALLER) ? order.error.load() : LIBC(pthread_setspecific)(key, value);
}

// What pthread_atfork, which is linked into each library, calls.
OVERRIDE int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void *library) noexcept {
  return fails(Fault::fork, CALLER) ? order.error.load() : LIBC(__register_atfork)(prepare, parent, child, library);
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

namespace harts::testing {

bool call_counts(Fault kind, const void *caller) {
  if (own_code.lithe.has(caller) || own_code.gomp.has(caller)) return true;
  return kind == Fault::memory && (own_code.program.has(caller) || own_code.library.has(caller));
}

bool call_fails(Fault kind, const void *caller) {
  if (is_exempt.load(std::memory_order_relaxed) || !call_counts(kind, caller) ||
      order.kind.load(std::memory_order_relaxed) != static_cast<int>(kind))
    return false;
  if (take(order.successes_left) || !take(order.failures_left)) return false;
  ++order.failed;
  return true;
}

void fail_calls(Fault kind, int successes, int failures, int error) {
  order.kind = nothing;
  order.failures_left = 0;
  order.failed = 0;
  order.error = error;
  order.successes_left = successes;
  order.failures_left = failures;
  order.kind = static_cast<int>(kind);
}

void fail_nothing() { order.kind = nothing; }

void exempt_process(bool exempt) { is_exempt = exempt; }

int failed_calls() { return order.failed; }

long mappings_in_use() { return mappings; }

}  // namespace harts::testing
