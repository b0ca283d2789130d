// Parallel regions: teams of every size and depth, and what belongs to a thread of a team. Compiled with -fopenmp.
#include <atomic>
#include <cerrno>
#include <cfenv>
#include <doctest/doctest.h>
#include <mutex>
#include <omp.h>
#include <pthread.h>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lithe/lithe.h"

extern "C" {
void GOMP_parallel_start(void (*function)(void *), void *data, unsigned threads);
void GOMP_parallel_end(void);
}

static int kept = -1;
#pragma omp threadprivate(kept)

namespace {

TEST_CASE("openmp: a region has the size that was asked for, whatever the number of harts") {
  for (int size : {1, 2, 3, 8, 33}) {
    std::vector<std::atomic<int>> seen(static_cast<size_t>(size));
    std::atomic<int> wrong_size{0};
#pragma omp parallel num_threads(size)
    {
      seen[static_cast<size_t>(omp_get_thread_num())]++;
      if (omp_get_num_threads() != size) wrong_size++;
    }
    CHECK(wrong_size == 0);
    for (auto &count : seen) CHECK(count == 1);
    CHECK(omp_get_num_threads() == 1);
    CHECK(omp_get_thread_num() == 0);
  }
}

TEST_CASE("openmp: the encountering thread is thread 0") {
  const pthread_t here = pthread_self();
  bool same = false;
#pragma omp parallel num_threads(4)
  if (omp_get_thread_num() == 0) same = pthread_equal(here, pthread_self());
  CHECK(same);
}

TEST_CASE("openmp: threads of a team have identities of their own") {
  std::set<pthread_t> threads;
#pragma omp parallel num_threads(6)
#pragma omp critical
  threads.insert(pthread_self());
  CHECK(threads.size() == 6);
}

TEST_CASE("openmp: omp_set_num_threads decides when there is no clause") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(5);
  CHECK(omp_get_max_threads() == 5);
  int size = 0;
#pragma omp parallel
#pragma omp single
  size = omp_get_num_threads();
  CHECK(size == 5);
  omp_set_num_threads(before);
}

TEST_CASE("openmp: a control variable that a thread sets is its own") {
  omp_set_num_threads(3);
  int inside[4] = {};
#pragma omp parallel num_threads(4)
  {
    omp_set_num_threads(10 + omp_get_thread_num());
    inside[omp_get_thread_num()] = omp_get_max_threads();
  }
  CHECK(omp_get_max_threads() == 3);
  for (int i = 0; i < 4; ++i) CHECK(inside[i] == 10 + i);
  omp_set_num_threads(omp_get_num_procs());
}

TEST_CASE("openmp: nested teams larger than the harts run every thread of every level once") {
  for (const int size : {8, 16}) {
    std::atomic<int> count{0};
    std::atomic<int> wrong{0};
    for (int round = 0; round < 20; ++round) {
#pragma omp parallel num_threads(size)
      {
        const int outer = omp_get_thread_num();
#pragma omp parallel num_threads(size)
        {
          count++;
          if (omp_get_ancestor_thread_num(1) != outer || omp_get_num_threads() != size) wrong++;
#pragma omp barrier
        }
        if (omp_get_thread_num() != outer) wrong++;
      }
    }
    CHECK(count == 20 * size * size);
    CHECK(wrong == 0);
  }
}

TEST_CASE("openmp: nested regions three levels deep know their ancestors") {
  std::atomic<int> leaves{0};
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(4)
  {
    const int first = omp_get_thread_num();
#pragma omp parallel num_threads(4)
    {
      const int second = omp_get_thread_num();
#pragma omp parallel num_threads(4)
      {
        const int third = omp_get_thread_num();
        leaves++;
        const bool right = omp_get_level() == 3 && omp_get_active_level() == 3 && omp_get_ancestor_thread_num(0) == 0 &&
                           omp_get_ancestor_thread_num(1) == first && omp_get_ancestor_thread_num(2) == second &&
                           omp_get_ancestor_thread_num(3) == third && omp_get_team_size(0) == 1 &&
                           omp_get_team_size(1) == 4 && omp_get_team_size(3) == 4 &&
                           omp_get_ancestor_thread_num(4) == -1 && omp_get_team_size(-1) == -1;
        if (!right) wrong++;
      }
    }
  }
  CHECK(leaves == 64);
  CHECK(wrong == 0);
  CHECK(omp_get_level() == 0);
}

TEST_CASE("openmp: a region that becomes serial is a level that is not active") {
  omp_set_max_active_levels(1);
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(3)
  {
    const int outer = omp_get_thread_num();
#pragma omp parallel num_threads(3)
    {
      const bool right = omp_get_level() == 2 && omp_get_active_level() == 1 && omp_get_num_threads() == 1 &&
                         omp_get_thread_num() == 0 && omp_get_ancestor_thread_num(1) == outer &&
                         omp_get_team_size(1) == 3 && omp_in_parallel();
      if (!right) wrong++;
#pragma omp barrier
#pragma omp single
      if (omp_get_level() != 2) wrong++;
    }
    if (omp_get_thread_num() != outer) wrong++;
  }
  CHECK(wrong == 0);
  CHECK(omp_get_nested() == 0);
  omp_set_max_active_levels(omp_get_supported_active_levels());
  bool ran = false;
#pragma omp parallel if (omp_get_level() > 0)
  {
    ran = true;
    CHECK(omp_get_level() == 1);
    CHECK(omp_get_active_level() == 0);
    CHECK(!omp_in_parallel());
  }
  CHECK(ran);
}

TEST_CASE("openmp: threadprivate variables persist from region to region") {
  constexpr int size = 8;
#pragma omp parallel num_threads(size)
  kept = 1000 + omp_get_thread_num();
  int wrong = 0;
  for (int round = 0; round < 50; ++round) {
#pragma omp parallel num_threads(size) reduction(+ : wrong)
    {
      if (kept != 1000 + omp_get_thread_num() + round) ++wrong;
#pragma omp barrier
      kept++;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("openmp: threadprivate variables persist at the inner level of nested teams, one set for each outer thread") {
  int wrong = 0;
  for (int round = 0; round < 30; ++round) {
#pragma omp parallel num_threads(4) reduction(+ : wrong)
    {
      const int outer = omp_get_thread_num();
#pragma omp parallel num_threads(4) reduction(+ : wrong)
      {
        const int mark = 100 * outer + omp_get_thread_num();
        /* Thread 0 of the inner team is the outer thread itself. */
        if (round > 0 && kept != mark) ++wrong;
        kept = mark;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("openmp: a new thread's team starts with threadprivate variables as initialised") {
#pragma omp parallel num_threads(4)
  kept = 5;
  std::atomic<int> wrong{0};
  for (int round = 0; round < 5; ++round) {
    std::thread([&] {
#pragma omp parallel num_threads(4)
      {
        if (kept != -1) wrong++;
        kept = 6;
      }
    }).join();
  }
  CHECK(wrong == 0);
}

struct Traced {
  static std::atomic<int> alive;
  Traced() { alive++; }
  ~Traced() { alive--; }
  int touched = 0;
};
std::atomic<int> Traced::alive{0};
thread_local Traced traced;

TEST_CASE("openmp: the team of a thread that exits ends, and its thread_local objects are destroyed") {
  std::thread([] {
#pragma omp parallel num_threads(5)
    {
      traced.touched++;
#pragma omp parallel num_threads(2)
      traced.touched++;
    }
  }).join();
  /* The contexts end by themselves, soon after. */
  for (int i = 0; i < 10000 && Traced::alive != 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(Traced::alive == 0);
}

TEST_CASE("openmp: exceptions are thrown and caught inside regions, also across a barrier") {
  std::atomic<int> caught{0};
  std::atomic<int> wrong{0};
  for (int round = 0; round < 20; ++round) {
#pragma omp parallel num_threads(6)
    {
      const std::string mine = "thread " + std::to_string(omp_get_thread_num());
      try {
        try {
          throw std::runtime_error(mine);
        } catch (const std::exception &) {
          /* An exception is in flight on every thread while they all change harts. */
#pragma omp critical
          caught++;
          lithe_context_yield();
          throw;
        }
      } catch (const std::runtime_error &error) {
        if (error.what() != mine) wrong++;
      }
    }
  }
  CHECK(caught == 20 * 6);
  CHECK(wrong == 0);
}

TEST_CASE("openmp: errno and the rounding mode belong to the thread") {
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(6)
  {
    const int mode = omp_get_thread_num() % 2 ? FE_UPWARD : FE_DOWNWARD;
    errno = 1000 + omp_get_thread_num();
    std::fesetround(mode);
    for (int i = 0; i < 50; ++i) {
#pragma omp barrier
      if (errno != 1000 + omp_get_thread_num() || std::fegetround() != mode) wrong++;
    }
    std::fesetround(FE_TONEAREST);
  }
  CHECK(wrong == 0);
}

TEST_CASE("openmp: 10,000 regions from 8 guest threads") {
  std::atomic<long> total{0};
  std::vector<std::thread> guests;
  for (int guest = 0; guest < 8; ++guest) {
    guests.emplace_back([&total, guest] {
      long sum = 0;
      for (int round = 0; round < 1250; ++round) {
        const int size = 2 + (guest + round) % 3;
#pragma omp parallel num_threads(size) reduction(+ : sum)
        {
          sum += omp_get_thread_num() + 1;
          if (round % 5 == 0) {
#pragma omp barrier
          }
        }
      }
      total += sum;
    });
  }
  for (auto &guest : guests) guest.join();
  long expected = 0;
  for (int guest = 0; guest < 8; ++guest) {
    for (int round = 0; round < 1250; ++round) {
      const int size = 2 + (guest + round) % 3;
      expected += size * (size + 1) / 2;
    }
  }
  CHECK(total == expected);
}

TEST_CASE("openmp: a team that grows and shrinks keeps its threads") {
  pthread_t first[8];
#pragma omp parallel num_threads(8)
  first[omp_get_thread_num()] = pthread_self();
  std::atomic<int> wrong{0};
  for (int size : {2, 8, 3, 1, 5, 8}) {
#pragma omp parallel num_threads(size)
    if (!pthread_equal(first[omp_get_thread_num()], pthread_self())) wrong++;
  }
  CHECK(wrong == 0);
}

TEST_CASE("openmp: the older calls start and end active, serial and nested regions") {
  struct Count {
    std::atomic<int> ran{0};
    static void part(void *self) { static_cast<Count *>(self)->ran++; }
  };
  for (unsigned size : {4u, 1u, 4u, 1u}) {
    Count outer;
    Count inner;
    GOMP_parallel_start(&Count::part, &outer, size);
    Count::part(&outer);
    CHECK(omp_get_level() == 1);
    GOMP_parallel_start(&Count::part, &inner, 5 - size);
    Count::part(&inner);
    CHECK(omp_get_level() == 2);
    GOMP_parallel_end();
    CHECK(omp_get_level() == 1);
    CHECK(omp_get_num_threads() == static_cast<int>(size));
    GOMP_parallel_end();
    CHECK(omp_get_level() == 0);
    CHECK(outer.ran == static_cast<int>(size));
    CHECK(inner.ran == 5 - static_cast<int>(size));
  }
}

TEST_CASE("openmp: a team never holds more harts than there are, and gives them back") {
  std::atomic<int> wrong{0};
#pragma omp parallel num_threads(8)
  {
    const int hart = lithe_hart_self();
    if (hart < 0 || hart >= lithe_hart_count()) wrong++;
  }
  CHECK(wrong == 0);
  CHECK(lithe_sched_self() == nullptr);
}

TEST_CASE("openmp: dynamic teams are no larger than the harts") {
  omp_set_dynamic(1);
  int size = 0;
#pragma omp parallel num_threads(64)
#pragma omp single
  size = omp_get_num_threads();
  omp_set_dynamic(0);
  CHECK(size >= 1);
  CHECK(size <= lithe_hart_count());
}

}  // namespace
