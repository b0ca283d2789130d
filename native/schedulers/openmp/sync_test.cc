// Barriers, critical sections, atomics, single and locks. Compiled with -fopenmp.
#include <atomic>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <omp.h>
#include <random>
#include <thread>
#include <vector>

#include "lithe/lithe.h"

namespace {

TEST_CASE("openmp: nobody passes a barrier early, whoever yields when (seeded)") {
  constexpr int rounds = 300;
  for (const int threads : {2, 3, 8, 20}) {
    std::vector<std::atomic<int>> reached(static_cast<size_t>(threads));
    std::atomic<int> wrong{0};
#pragma omp parallel num_threads(threads)
    {
      const size_t me = static_cast<size_t>(omp_get_thread_num());
      std::minstd_rand random(static_cast<unsigned>(7 + me));
      for (int round = 1; round <= rounds; ++round) {
        for (unsigned yields = random() % 4; yields > 1; --yields) lithe_context_yield();
        reached[me].store(round, std::memory_order_relaxed);
#pragma omp barrier
        const size_t other = random() % static_cast<unsigned>(threads);
        if (reached[other].load(std::memory_order_relaxed) < round) wrong++;
#pragma omp barrier
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("openmp: what was written before a barrier is read after it") {
  constexpr int threads = 4;
  int cells[threads] = {};
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(threads)
  for (int round = 0; round < 500; ++round) {
    cells[omp_get_thread_num()] = round;
#pragma omp barrier
    if (cells[(omp_get_thread_num() + 1) % threads] != round) wrong++;
#pragma omp barrier
  }
  CHECK(wrong == 0);
}

TEST_CASE("openmp: barriers of nested teams do not disturb each other") {
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(4)
  {
    int cells[3] = {};
    for (int round = 1; round <= 40; ++round) {
#pragma omp parallel num_threads(3)
      {
        cells[omp_get_thread_num()] = round;
#pragma omp barrier
        if (cells[0] != round || cells[1] != round || cells[2] != round) wrong++;
      }
#pragma omp barrier
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE(
    "openmp: critical sections exclude each other by name, also across guest threads and when contexts yield inside") {
  int unnamed = 0;
  int named = 0;
  std::vector<std::thread> guests;
  for (int guest = 0; guest < 3; ++guest) {
    guests.emplace_back([&] {
#pragma omp parallel num_threads(4)
      for (int i = 0; i < 200; ++i) {
#pragma omp critical
        {
          const int before = unnamed;
          if (i % 8 == 0) lithe_context_yield();
          unnamed = before + 1;
        }
#pragma omp critical(other)
        named++;
      }
    });
  }
  for (auto &guest : guests) guest.join();
  CHECK(unnamed == 3 * 4 * 200);
  CHECK(named == 3 * 4 * 200);
}

TEST_CASE("openmp: atomic updates lose nothing, also of types without an instruction") {
  long count = 0;
  long double wide = 0;
#pragma omp parallel num_threads(6)
  for (int i = 0; i < 500; ++i) {
#pragma omp atomic
    count++;
#pragma omp atomic
    wide += 1;
  }
  CHECK(count == 3000);
  CHECK(wide == 3000);
}

TEST_CASE("openmp: a single block runs on one thread, and copyprivate gives its values to all") {
  for (const int threads : {1, 2, 5}) {
    std::atomic<int> ran{0};
    std::atomic<int> wrong{0};
#pragma omp parallel num_threads(threads)
    for (int round = 0; round < 100; ++round) {
#pragma omp single nowait
      ran++;
      int value = -1;
#pragma omp single copyprivate(value)
      {
        ran++;
        value = round;
      }
      if (value != round) wrong++;
#pragma omp masked
      if (omp_get_thread_num() != 0) wrong++;
    }
    CHECK(ran == 200);
    CHECK(wrong == 0);
  }
}

TEST_CASE("openmp: single works in orphaned code outside every region") {
  int ran = 0;
  for (int i = 0; i < 3; ++i) {
#pragma omp single
    ran++;
#pragma omp barrier
#pragma omp for schedule(dynamic)
    for (int j = 0; j < 4; ++j) ran += 10;
  }
  CHECK(ran == 123);
}

TEST_CASE("openmp: a lock is held by one thread at a time; test says whether it is free") {
  omp_lock_t lock;
  omp_init_lock(&lock);
  int count = 0;
  std::atomic<int> refused{0};
#pragma omp parallel num_threads(8)
  for (int i = 0; i < 200; ++i) {
    if (i % 3 == 0) {
      while (!omp_test_lock(&lock)) {
        refused++;
        lithe_context_yield();
      }
    } else {
      omp_set_lock(&lock);
    }
    const int before = count;
    if (i % 16 == 0) lithe_context_yield();
    count = before + 1;
    omp_unset_lock(&lock);
  }
  CHECK(count == 8 * 200);
  CHECK(omp_test_lock(&lock) == 1);
  CHECK(omp_test_lock(&lock) == 0);
  omp_unset_lock(&lock);
  omp_destroy_lock(&lock);
}

TEST_CASE("openmp: many locks at once, each with its own waiters") {
  constexpr size_t locks = 600;
  std::vector<omp_lock_t> lock(locks);
  std::vector<int> count(locks);
  for (auto &one : lock) omp_init_lock(&one);
#pragma omp parallel num_threads(6)
  {
    std::minstd_rand random(static_cast<unsigned>(3 + omp_get_thread_num()));
    for (int i = 0; i < 2000; ++i) {
      const size_t at = random() % 4 == 0 ? random() % locks : random() % 3;
      omp_set_lock(&lock[at]);
      const int before = count[at];
      if (i % 32 == 0) lithe_context_yield();
      count[at] = before + 1;
      omp_unset_lock(&lock[at]);
    }
  }
  int total = 0;
  for (int one : count) total += one;
  CHECK(total == 6 * 2000);
  for (auto &one : lock) omp_destroy_lock(&one);
}

TEST_CASE("openmp: a nest lock may be set again by its owner") {
  omp_nest_lock_t lock;
  omp_init_nest_lock(&lock);
  int count = 0;
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(6)
  for (int i = 0; i < 100; ++i) {
    omp_set_nest_lock(&lock);
    if (omp_test_nest_lock(&lock) != 2) wrong++;
    lithe_context_yield();
    omp_set_nest_lock(&lock);
    count++;
    omp_unset_nest_lock(&lock);
    omp_unset_nest_lock(&lock);
    omp_unset_nest_lock(&lock);
  }
  CHECK(count == 600);
  CHECK(wrong == 0);
  omp_destroy_nest_lock(&lock);
}

TEST_CASE("openmp: the locks of programs older than OpenMP 3.0 fit into their smaller variables") {
  using Call = void (*)(void *);
  using Test = int (*)(void *);
  const auto old = [](const char *name) { return dlvsym(RTLD_DEFAULT, name, "OMP_1.0"); };
  const auto set = reinterpret_cast<Call>(old("omp_set_nest_lock"));
  const auto unset = reinterpret_cast<Call>(old("omp_unset_nest_lock"));
  const auto test = reinterpret_cast<Test>(old("omp_test_nest_lock"));
  REQUIRE(static_cast<bool>(set));
  REQUIRE(static_cast<bool>(unset));
  REQUIRE(static_cast<bool>(test));
  alignas(8) unsigned char memory[16];
  for (auto &byte : memory) byte = 0xab;
  reinterpret_cast<Call>(old("omp_init_nest_lock"))(memory);
  int count = 0;
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(5)
  for (int i = 0; i < 100; ++i) {
    set(memory);
    if (test(memory) != 2) wrong++;
    lithe_context_yield();
    count++;
    unset(memory);
    unset(memory);
  }
  CHECK(count == 500);
  CHECK(wrong == 0);
  for (int i = 8; i < 16; ++i) CHECK(memory[i] == 0xab);
  reinterpret_cast<Call>(old("omp_destroy_nest_lock"))(memory);
}

}  // namespace
