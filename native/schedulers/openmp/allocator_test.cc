// Memory by omp_alloc and the calls around it: alignment, limits, what happens at a limit, and whose default it is.
// Compiled with -fopenmp.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <omp.h>
#include <vector>

extern "C" {
void *GOMP_alloc(size_t, size_t, uintptr_t);
void GOMP_free(void *, uintptr_t);
}

namespace {

bool is_aligned(const void *block, size_t alignment) { return reinterpret_cast<uintptr_t>(block) % alignment == 0; }

omp_allocator_handle_t made_with(std::vector<omp_alloctrait_t> traits) {
  return omp_init_allocator(omp_default_mem_space, static_cast<int>(traits.size()), traits.data());
}

TEST_CASE("allocator: every predefined one gives memory, aligned for anything, and takes it back") {
  for (uintptr_t handle = 0; handle <= omp_thread_mem_alloc; ++handle) {
    const auto allocator = static_cast<omp_allocator_handle_t>(handle);
    for (const size_t size : {size_t{1}, size_t{13}, size_t{4096}, size_t{100000}}) {
      void *block = omp_alloc(size, allocator);
      REQUIRE(block != nullptr);
      CHECK(is_aligned(block, alignof(std::max_align_t)));
      memset(block, 0x5a, size);
      omp_free(block, size == 13 ? omp_null_allocator : allocator);
    }
    CHECK(omp_alloc(0, allocator) == nullptr);
  }
  omp_free(nullptr, omp_null_allocator);
}

TEST_CASE("allocator: blocks are aligned as the call and the trait ask, whichever asks for more") {
  const omp_allocator_handle_t lines = made_with({{omp_atk_alignment, 64}});
  REQUIRE(lines != omp_null_allocator);
  for (const size_t alignment : {1, 8, 64, 4096, 65536}) {
    for (const omp_allocator_handle_t allocator : {omp_default_mem_alloc, lines}) {
      void *block = omp_aligned_alloc(alignment, 100, allocator);
      REQUIRE(block != nullptr);
      CHECK(is_aligned(block, alignment));
      if (allocator == lines) CHECK(is_aligned(block, 64));
      omp_free(block, allocator);
    }
  }
  CHECK(omp_aligned_alloc(24, 100, omp_default_mem_alloc) == nullptr);
  CHECK(omp_aligned_alloc(0, 100, omp_default_mem_alloc) == nullptr);
  omp_destroy_allocator(lines);
}

TEST_CASE("allocator: calloc zeroes and refuses what no address can count") {
  auto *numbers = static_cast<uint64_t *>(omp_calloc(1000, sizeof(uint64_t), omp_default_mem_alloc));
  REQUIRE(numbers != nullptr);
  bool is_zero = true;
  for (int i = 0; i < 1000; ++i) is_zero = is_zero && numbers[i] == 0;
  CHECK(is_zero);
  omp_free(numbers, omp_null_allocator);
  void *aligned = omp_aligned_calloc(256, 3, 7, omp_null_allocator);
  REQUIRE(aligned != nullptr);
  CHECK(is_aligned(aligned, 256));
  omp_free(aligned, omp_null_allocator);
  const volatile size_t most = std::numeric_limits<size_t>::max();  // volatile: the compiler would warn
  CHECK(omp_calloc(most / 2, 3, omp_default_mem_alloc) == nullptr);
  CHECK(omp_alloc(most - 8, omp_default_mem_alloc) == nullptr);
}

TEST_CASE("allocator: realloc keeps the contents and the allocator, and moves to another if asked") {
  const omp_allocator_handle_t pool = made_with({{omp_atk_pool_size, 3000}, {omp_atk_fallback, omp_atv_null_fb}});
  REQUIRE(pool != omp_null_allocator);
  auto *text = static_cast<char *>(omp_realloc(nullptr, 6, pool, omp_null_allocator));
  REQUIRE(text != nullptr);
  strcpy(text, "harts");
  text = static_cast<char *>(omp_realloc(text, 1000, omp_null_allocator, omp_null_allocator));
  REQUIRE(text != nullptr);
  CHECK(strcmp(text, "harts") == 0);
  // It is still of the pool: 1000 are in it, and 2500 more do not fit.
  CHECK(omp_alloc(2500, pool) == nullptr);
  CHECK(omp_realloc(text, 2500, omp_null_allocator, omp_null_allocator) == nullptr);
  CHECK(strcmp(text, "harts") == 0);
  text = static_cast<char *>(omp_realloc(text, 4000, omp_default_mem_alloc, pool));
  REQUIRE(text != nullptr);
  CHECK(strcmp(text, "harts") == 0);
  void *all = omp_alloc(3000, pool);
  CHECK(all != nullptr);
  omp_free(all, pool);
  CHECK(omp_realloc(text, 0, omp_null_allocator, omp_null_allocator) == nullptr);
  omp_destroy_allocator(pool);
}

TEST_CASE("allocator: a pool has an end, and then its fallback is used") {
  const omp_allocator_handle_t none = made_with({{omp_atk_pool_size, 1000}, {omp_atk_fallback, omp_atv_null_fb}});
  const omp_allocator_handle_t other =
      made_with({{omp_atk_pool_size, 10}, {omp_atk_fallback, omp_atv_allocator_fb}, {omp_atk_fb_data, none}});
  const omp_allocator_handle_t usual = made_with({{omp_atk_pool_size, 10}});
  void *first = omp_alloc(600, none);
  CHECK(first != nullptr);
  CHECK(omp_alloc(600, none) == nullptr);
  CHECK(omp_alloc(600, other) == nullptr);
  void *second = omp_alloc(400, other);
  CHECK(second != nullptr);
  CHECK(omp_alloc(1, none) == nullptr);
  void *third = omp_alloc(5000, usual);
  CHECK(third != nullptr);
  for (void *block : {first, second, third}) omp_free(block, omp_null_allocator);
  first = omp_alloc(1000, none);
  CHECK(first != nullptr);
  omp_free(first, none);
  for (const omp_allocator_handle_t allocator : {other, none, usual}) omp_destroy_allocator(allocator);
}

TEST_CASE("allocator: traits that make no sense, or cannot be had, make none") {
  const std::vector<std::vector<omp_alloctrait_t>> refused = {
      {{omp_atk_alignment, 24}},
      {{omp_atk_alignment, 0}},
      {{omp_atk_pinned, omp_atv_true}},
      {{omp_atk_fallback, omp_atv_thread}},
      {{omp_atk_fallback, omp_atv_allocator_fb}},
      {{omp_atk_access, omp_atv_blocked}},
      {{omp_atk_sync_hint, omp_atv_all}},
      {{omp_atk_partition, omp_atv_private}},
      {{static_cast<omp_alloctrait_key_t>(99), 1}},
  };
  for (const auto &traits : refused) CHECK(made_with(traits) == omp_null_allocator);
  CHECK(omp_init_allocator(static_cast<omp_memspace_handle_t>(77), 0, nullptr) == omp_null_allocator);
  const omp_allocator_handle_t allocator = made_with({{omp_atk_sync_hint, omp_atv_contended},
                                                      {omp_atk_access, omp_atv_all},
                                                      {omp_atk_pool_size, omp_atv_default},
                                                      {omp_atk_pinned, omp_atv_false},
                                                      {omp_atk_partition, omp_atv_nearest}});
  CHECK(allocator != omp_null_allocator);
  omp_destroy_allocator(allocator);
}

TEST_CASE("allocator: the default is the task's own, and a region inherits it") {
  CHECK(omp_get_default_allocator() == omp_default_mem_alloc);
  omp_set_default_allocator(omp_high_bw_mem_alloc);
  int inherited = 0;
#pragma omp parallel num_threads(3) reduction(+ : inherited)
  {
    inherited += omp_get_default_allocator() == omp_high_bw_mem_alloc;
    omp_set_default_allocator(omp_thread_mem_alloc);
  }
  CHECK(inherited == 3);
  CHECK(omp_get_default_allocator() == omp_high_bw_mem_alloc);
  omp_set_default_allocator(omp_null_allocator);
  CHECK(omp_get_default_allocator() == omp_default_mem_alloc);
}

TEST_CASE("allocator: many threads take from one pool, and it is whole afterwards") {
  const omp_allocator_handle_t pool = made_with({{omp_atk_pool_size, 5000}, {omp_atk_fallback, omp_atv_null_fb}});
  int refused = 0;
#pragma omp parallel num_threads(4) reduction(+ : refused)
  for (int round = 0; round < 500; ++round) {
    void *block = omp_alloc(2000, pool);
    refused += block == nullptr;
    omp_free(block, pool);
  }
  CHECK(refused <= 2000);
  void *all = omp_alloc(5000, pool);
  CHECK(all != nullptr);
  omp_free(all, pool);
  omp_destroy_allocator(pool);
}

TEST_CASE("allocator: the allocate clause and directive") {
  double own[100] = {1, 2, 3};
  int wrong = 0;
#pragma omp parallel num_threads(3) reduction(+ : wrong) firstprivate(own) allocate(omp_low_lat_mem_alloc : own)
  {
    for (int i = 0; i < 100; ++i) {
      wrong += own[i] != (i < 3 ? i + 1 : 0);
      own[i] = -1;
    }
  }
  CHECK(wrong == 0);
  CHECK(own[2] == 3);
  void *block = GOMP_alloc(128, 10, 0);
  CHECK(is_aligned(block, 128));
  GOMP_free(block, 0);
}

}  // namespace
