/* Memory allocators: omp_alloc and the calls around it, and the allocate directive.
 *
 * There is one kind of memory here, so memory spaces (large capacity, high bandwidth, ...) are all the same, and so are
 * the allocators that the standard predefines for them. What an allocator of the program's own adds are its traits:
 * alignment, a limit on what it hands out, and what happens at that limit.
 *
 * A handle is what omp.h says: 0 for none, 1 to 8 for the predefined ones, else the address of an Allocator. */
#ifndef HARTS_OPENMP_ALLOCATOR_HPP
#define HARTS_OPENMP_ALLOCATOR_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace harts::omp {

using AllocatorHandle = uintptr_t;
constexpr AllocatorHandle kNoAllocator = 0;
constexpr AllocatorHandle kDefaultAllocator = 1;
constexpr AllocatorHandle kLastPredefinedAllocator = 8;

/* What an allocator does when it cannot give what is asked for. The numbers of omp_alloctrait_value_t. */
enum class Fallback : uintptr_t { kDefaultMemory = 11, kNull = 12, kAbort = 13, kAllocator = 14 };

struct Allocator {
  size_t alignment = 1;
  size_t pool_size = SIZE_MAX;
  Fallback fallback = Fallback::kDefaultMemory;
  AllocatorHandle next = kNoAllocator; /* with Fallback::kAllocator */
  std::atomic<size_t> used{0};         /* of pool_size, without what we add to each block */
};

/* A block of `size` bytes, aligned to `alignment` at least; kNoAllocator means the calling task's default allocator. NULL
 * for no bytes, or when neither the allocator nor its fallback has them. */
void *allocate(size_t alignment, size_t size, AllocatorHandle allocator, bool is_zeroed);
/* Gives a block back to where it came from; NULL is nothing. */
void release(void *block);

}  // namespace harts::omp

#endif
