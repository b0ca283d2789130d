#include "schedulers/openmp/allocator.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

/* In front of every block. */
struct Header {
  void *start;          /* what malloc returned */
  size_t size;          /* as asked for */
  Allocator *allocator; /* whose pool it counts in; NULL for the predefined ones */
};

Header *header_of(void *block) { return static_cast<Header *>(block) - 1; }

bool is_predefined(AllocatorHandle handle) { return handle <= kLastPredefinedAllocator; }

/* Takes `size` from the pool. */
bool reserve(Allocator &allocator, size_t size) {
  if (allocator.pool_size == SIZE_MAX) return true;
  size_t used = allocator.used.load(std::memory_order_relaxed);
  do {
    if (size > allocator.pool_size - used) return false;
  } while (!allocator.used.compare_exchange_weak(used, used + size, std::memory_order_relaxed));
  return true;
}

void give_back(Allocator *allocator, size_t size) {
  if (allocator != nullptr && allocator->pool_size != SIZE_MAX) {
    allocator->used.fetch_sub(size, std::memory_order_relaxed);
  }
}

void *take(size_t alignment, size_t size, Allocator *allocator, bool is_zeroed) {
  alignment = std::max({alignment, alignof(max_align_t), allocator != nullptr ? allocator->alignment : 1});
  size_t whole;
  if (__builtin_add_overflow(size, alignment - 1 + sizeof(Header), &whole)) return nullptr;
  if (allocator != nullptr && !reserve(*allocator, size)) return nullptr;
  void *start = is_zeroed ? calloc(1, whole) : malloc(whole);
  if (start == nullptr) {
    give_back(allocator, size);
    return nullptr;
  }
  const uintptr_t first = reinterpret_cast<uintptr_t>(start) + sizeof(Header);
  void *block = reinterpret_cast<void *>((first + alignment - 1) / alignment * alignment);
  *header_of(block) = {start, size, allocator};
  return block;
}

}  // namespace

void *allocate(size_t alignment, size_t size, AllocatorHandle handle, bool is_zeroed) {
  if (size == 0) return nullptr;
  if (handle == kNoAllocator) handle = self().controls.allocator;
  for (;;) {
    Allocator *allocator = is_predefined(handle) ? nullptr : reinterpret_cast<Allocator *>(handle);
    void *block = take(alignment, size, allocator, is_zeroed);
    /* The predefined allocators fall back on the default memory, which is what they have tried. */
    if (block != nullptr || allocator == nullptr) return block;
    switch (allocator->fallback) {
      case Fallback::kNull:
        return nullptr;
      case Fallback::kAbort:
        fatal("out of memory: %zu bytes of an allocator with the fallback abort", size);
      case Fallback::kAllocator:
        handle = allocator->next;
        break;
      default:
        handle = kDefaultAllocator;
        break;
    }
  }
}

void release(void *block) {
  if (block == nullptr) return;
  const Header header = *header_of(block);
  give_back(header.allocator, header.size);
  free(header.start);
}

}  // namespace harts::omp

using namespace harts::omp;

namespace {

/* omp_alloctrait_key_t and omp_alloctrait_value_t, as far as values are looked at. */
enum Key { kSyncHint = 1, kAlignment, kAccess, kPoolSize, kFallback, kFallbackData, kPinned, kPartition };
constexpr uintptr_t kAsUsual = static_cast<uintptr_t>(-1), kFalse = 0;

struct Trait {
  unsigned key;
  uintptr_t value;
};

constexpr uintptr_t kLastMemorySpace = 4;

bool is_between(uintptr_t value, uintptr_t low, uintptr_t high) { return value >= low && value <= high; }

/* False when the trait makes no sense, or cannot be had here. */
bool set(Allocator &allocator, const Trait &trait) {
  const uintptr_t value = trait.value;
  switch (trait.key) {
    case kSyncHint: /* contended, uncontended, serialized, private: all of them hold */
      return value == kAsUsual || is_between(value, 3, 6);
    case kAlignment:
      if (value == kAsUsual) return true;
      allocator.alignment = value;
      return std::has_single_bit(value);
    case kAccess: /* all, thread, pteam, cgroup: everybody may use the memory */
      return value == kAsUsual || is_between(value, 7, 10);
    case kPoolSize:
      allocator.pool_size = value; /* as usual: no limit */
      return true;
    case kFallback:
      if (value == kAsUsual) return true;
      allocator.fallback = static_cast<Fallback>(value);
      return is_between(value, 11, 14);
    case kFallbackData:
      allocator.next = value;
      return true;
    case kPinned: /* memory that the system does not swap: not offered */
      return value == kAsUsual || value == kFalse;
    case kPartition: /* environment, nearest, blocked, interleaved: where the system puts it */
      return value == kAsUsual || is_between(value, 15, 18);
    default:
      return false;
  }
}

bool is_power_of_two(size_t alignment) { return std::has_single_bit(alignment); }

/* What the directive says must be there. */
void *allocate_or_die(size_t alignment, size_t size, AllocatorHandle allocator) {
  void *block = allocate(alignment, std::max<size_t>(size, 1), allocator, false);
  if (block == nullptr) fatal("out of memory: %zu bytes for a variable of an allocate directive", size);
  return block;
}

}  // namespace

/* The allocate directive and clause. */
HARTS_OMP_API void *GOMP_alloc(size_t alignment, size_t size, uintptr_t allocator) {
  return allocate_or_die(alignment, size, allocator);
}
HARTS_OMP_API void GOMP_free(void *block, uintptr_t) { release(block); }

HARTS_OMP_API uintptr_t omp_init_allocator(uintptr_t space, int count, const Trait *traits) {
  if (space > kLastMemorySpace || count < 0 || (count > 0 && traits == nullptr)) return kNoAllocator;
  Allocator *made = new (std::nothrow) Allocator;
  if (made == nullptr) return kNoAllocator;
  bool is_good = true;
  for (int i = 0; i < count && is_good; ++i) is_good = set(*made, traits[i]);
  if (made->fallback == Fallback::kAllocator && made->next == kNoAllocator) is_good = false;
  if (is_good) return reinterpret_cast<uintptr_t>(made);
  delete made;
  return kNoAllocator;
}

HARTS_OMP_API void omp_destroy_allocator(uintptr_t allocator) {
  if (!is_predefined(allocator)) delete reinterpret_cast<Allocator *>(allocator);
}

HARTS_OMP_API void omp_set_default_allocator(uintptr_t allocator) {
  self().controls.allocator = allocator != kNoAllocator ? allocator : kDefaultAllocator;
}
HARTS_OMP_API uintptr_t omp_get_default_allocator() { return self().controls.allocator; }

HARTS_OMP_API void *omp_alloc(size_t size, uintptr_t allocator) { return allocate(1, size, allocator, false); }
HARTS_OMP_API void *omp_aligned_alloc(size_t alignment, size_t size, uintptr_t allocator) {
  return is_power_of_two(alignment) ? allocate(alignment, size, allocator, false) : nullptr;
}
HARTS_OMP_API void *omp_aligned_calloc(size_t alignment, size_t count, size_t size, uintptr_t allocator) {
  size_t all;
  if (!is_power_of_two(alignment) || __builtin_mul_overflow(count, size, &all)) return nullptr;
  return allocate(alignment, all, allocator, true);
}
HARTS_OMP_API void *omp_calloc(size_t count, size_t size, uintptr_t allocator) {
  return omp_aligned_calloc(1, count, size, allocator);
}
HARTS_OMP_API void omp_free(void *block, uintptr_t) { release(block); }

HARTS_OMP_API void *omp_realloc(void *block, size_t size, uintptr_t allocator, uintptr_t) {
  if (block == nullptr) return allocate(1, size, allocator, false);
  if (size == 0) {
    release(block);
    return nullptr;
  }
  const Header &header = *header_of(block);
  /* Without an allocator it stays with its own. */
  if (allocator == kNoAllocator) {
    allocator = header.allocator != nullptr ? reinterpret_cast<uintptr_t>(header.allocator) : kDefaultAllocator;
  }
  void *moved = allocate(1, size, allocator, false);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, std::min(size, header.size));
  release(block);
  return moved;
}

/* The Fortran names. */
HARTS_OMP_API uintptr_t omp_init_allocator_(const intptr_t *space, const int32_t *count, const Trait *traits) {
  return omp_init_allocator(static_cast<uintptr_t>(*space), *count, traits);
}
HARTS_OMP_API uintptr_t omp_init_allocator_8_(const intptr_t *space, const int64_t *count, const Trait *traits) {
  const bool fits = *count >= 0 && *count <= INT32_MAX;
  return fits ? omp_init_allocator(static_cast<uintptr_t>(*space), static_cast<int>(*count), traits) : kNoAllocator;
}
HARTS_OMP_API void omp_destroy_allocator_(const intptr_t *allocator) {
  omp_destroy_allocator(static_cast<uintptr_t>(*allocator));
}
HARTS_OMP_API void omp_set_default_allocator_(const intptr_t *allocator) {
  omp_set_default_allocator(static_cast<uintptr_t>(*allocator));
}
HARTS_OMP_API intptr_t omp_get_default_allocator_() { return static_cast<intptr_t>(omp_get_default_allocator()); }
