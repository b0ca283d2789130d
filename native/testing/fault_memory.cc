// operator new and delete, of the whole program: new can fail on demand, and what is not free yet is counted.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "testing/fault_override.hpp"

namespace {

using harts::testing::Fault;

std::atomic<long> blocks{0};

// Each block begins with what operator delete needs to know, as long as the alignment asks for.
struct Header {
  void *start;
  bool is_counted;
};

void *allocate(size_t size, size_t alignment, const void *caller) {
  if (harts::testing::call_fails(Fault::memory, caller)) return nullptr;
  if (alignment < sizeof(Header)) alignment = sizeof(Header);
  void *start = nullptr;
  if (size > SIZE_MAX - 2 * alignment || posix_memalign(&start, alignment, size + alignment) != 0) return nullptr;
  void *block = static_cast<char *>(start) + alignment;
  const bool is_counted = harts::testing::call_counts(Fault::memory, caller);
  static_cast<Header *>(block)[-1] = {start, is_counted};
  if (is_counted) blocks.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void release(void *block) {
  if (!block) return;
  const Header header = static_cast<Header *>(block)[-1];
  if (header.is_counted) blocks.fetch_sub(1, std::memory_order_relaxed);
  std::free(header.start);
}

void *or_throw(void *block) {
  if (!block) throw std::bad_alloc();
  return block;
}

constexpr size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

#define ALIGNMENT(align) static_cast<size_t>(align)
using Align = std::align_val_t;
using Nothrow = std::nothrow_t;

void *operator new(size_t size) { return or_throw(allocate(size, usual, CALLER)); }
void *operator new[](size_t size) { return or_throw(allocate(size, usual, CALLER)); }
void *operator new(size_t size, const Nothrow &) noexcept { return allocate(size, usual, CALLER); }
void *operator new[](size_t size, const Nothrow &) noexcept { return allocate(size, usual, CALLER); }
void *operator new(size_t size, Align align) { return or_throw(allocate(size, ALIGNMENT(align), CALLER)); }
void *operator new[](size_t size, Align align) { return or_throw(allocate(size, ALIGNMENT(align), CALLER)); }
void *operator new(size_t size, Align align, const Nothrow &) noexcept {
  return allocate(size, ALIGNMENT(align), CALLER);
}
void *operator new[](size_t size, Align align, const Nothrow &) noexcept {
  return allocate(size, ALIGNMENT(align), CALLER);
}
void operator delete(void *block) noexcept { release(block); }
void operator delete[](void *block) noexcept { release(block); }
void operator delete(void *block, size_t) noexcept { release(block); }
void operator delete[](void *block, size_t) noexcept { release(block); }
void operator delete(void *block, const Nothrow &) noexcept { release(block); }
void operator delete[](void *block, const Nothrow &) noexcept { release(block); }
void operator delete(void *block, Align) noexcept { release(block); }
void operator delete[](void *block, Align) noexcept { release(block); }
void operator delete(void *block, size_t, Align) noexcept { release(block); }
void operator delete[](void *block, size_t, Align) noexcept { release(block); }
void operator delete(void *block, Align, const Nothrow &) noexcept { release(block); }
void operator delete[](void *block, Align, const Nothrow &) noexcept { release(block); }

namespace harts::testing {

long blocks_in_use() { return blocks; }

}  // namespace harts::testing
