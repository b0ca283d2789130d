#include "testing/fault_injection.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <link.h>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "raw_syscall.h"
#include "testing/fault_override.hpp"

namespace {

using harts::testing::Fault;
using lithe::core::raw_syscall;

constexpr int nothing = -1;
std::atomic<bool> is_exempt{false};

// What shall fail, and what has.
struct Order {
  std::atomic<int> kind{nothing}, successes_left{0}, failures_left{0}, error{0}, failed{0};
};

// Shared with forked children, so that one call fails in the whole family. By a raw call: mmap may be one that asks here.
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

// Counts down and tells whether it was above zero.
bool take(std::atomic<int> &left) {
  for (int now = left.load(); now > 0;) {
    if (left.compare_exchange_weak(now, now - 1)) return true;
  }
  return false;
}

}  // namespace

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

int error_of_call() { return order.error; }

int failed_calls() { return order.failed; }

}  // namespace harts::testing

using namespace harts::testing;

OVERRIDE int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                            void *arg) noexcept {
  return call_fails(Fault::thread, CALLER) ? error_of_call() : LIBC(pthread_create)(thread, attributes, start, arg);
}
