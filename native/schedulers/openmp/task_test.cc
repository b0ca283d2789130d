// Tasks: they run, once, in the order that dependences ask for, and whoever waits for them goes on when they have ended.
// Compiled with -fopenmp.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <doctest/doctest.h>
#include <numeric>
#include <omp.h>
#include <thread>
#include <vector>

namespace {

constexpr int sizes[] = {1, 2, 4, 16};

long fib(int n) {
  if (n < 2) return n;
  long a = 0, b = 0;
#pragma omp task shared(a)
  a = fib(n - 1);
#pragma omp task shared(b)
  b = fib(n - 2);
#pragma omp taskwait
  return a + b;
}

TEST_CASE("task: a recursion of tasks that wait for their children has the result of a serial one") {
  for (const int threads : sizes) {
    long result = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
    result = fib(16);
    CHECK(result == 987);
  }
}

TEST_CASE("task: all that one thread makes have ended at the next barrier, and at the end of the region") {
  for (const int threads : sizes) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::atomic<int> before{0}, after{0};
      int seen = -1;
#pragma omp parallel num_threads(threads)
      {
#pragma omp single nowait
        for (int i = 0; i < 300; ++i) {
#pragma omp task shared(before)
          ++before;
        }
#pragma omp barrier
#pragma omp single
        seen = before;
#pragma omp master
        for (int i = 0; i < 100; ++i) {
#pragma omp task shared(after)
          {
            ++after;
#pragma omp task shared(after)
            ++after;
          }
        }
      }
      CHECK(seen == 300);
      CHECK(after == 200);
    }
  }
}

TEST_CASE("task: every thread makes some, and all are done once") {
  for (const int threads : sizes) {
    std::vector<std::atomic<int>> hits(static_cast<std::size_t>(threads) * 400);
#pragma omp parallel num_threads(threads)
    for (int i = 0; i < 400; ++i) {
      const std::size_t place = static_cast<std::size_t>(omp_get_thread_num()) * 400 + static_cast<std::size_t>(i);
#pragma omp task shared(hits) firstprivate(place)
      ++hits[place];
    }
    CHECK(std::all_of(hits.begin(), hits.end(), [](const auto &hit) { return hit == 1; }));
  }
}

TEST_CASE("task: taskwait waits for children only, taskgroup for all that descends") {
  for (const int threads : sizes) {
    int wrong = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
    for (int repeat = 0; repeat < 30; ++repeat) {
      std::atomic<int> done{0};
#pragma omp taskgroup
      for (int i = 0; i < 8; ++i) {
#pragma omp task shared(done)
        {
#pragma omp task shared(done)
          {
#pragma omp task shared(done)
            ++done;
            ++done;
          }
          ++done;
        }
      }
      wrong += done != 24;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("task: depend(in, out, inout) orders siblings") {
  for (const int threads : sizes) {
    int wrong = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
    for (int repeat = 0; repeat < 20; ++repeat) {
      int x = 0;
      std::atomic<int> readers{0};
      for (int round = 1; round <= 10; ++round) {
#pragma omp task depend(inout : x) shared(x, readers, wrong)
        {
          if (readers != 3 * (round - 1) || x != round - 1) ++wrong;
          x = round;
        }
        for (int reader = 0; reader < 3; ++reader) {
#pragma omp task depend(in : x) shared(x, readers, wrong)
          {
            if (x != round) {
#pragma omp atomic
              ++wrong;
            }
            ++readers;
          }
        }
      }
#pragma omp taskwait
      wrong += x != 10 || readers != 30;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("task: a graph of dependences over many addresses keeps the serial order of each") {
  for (const int threads : sizes) {
    constexpr int cells = 24, steps = 12;
    std::array<long, cells> value{}, expected{};
    for (int step = 0; step < steps; ++step) {
      for (int i = 1; i < cells; ++i)
        expected[static_cast<std::size_t>(i)] += expected[static_cast<std::size_t>(i - 1)] + i;
    }
#pragma omp parallel num_threads(threads)
#pragma omp single
    for (int step = 0; step < steps; ++step) {
      for (int i = 1; i < cells; ++i) {
        long *left = &value[static_cast<std::size_t>(i - 1)];
        long *here = &value[static_cast<std::size_t>(i)];
#pragma omp task depend(in : *left) depend(inout : *here) firstprivate(left, here, i)
        *here += *left + i;
      }
    }
    CHECK(value == expected);
  }
}

TEST_CASE("task: an undeferred task with dependences, and taskwait depend, wait for what they name") {
  for (const int threads : sizes) {
    int wrong = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
    for (int repeat = 0; repeat < 50; ++repeat) {
      int x = 0, y = 0;
#pragma omp task depend(out : x) shared(x)
      x = 1;
#pragma omp task if (0) depend(in : x) depend(out : y) shared(x, y, wrong)
      {
        wrong += x != 1;
        y = 2;
      }
      wrong += y != 2;
#pragma omp task depend(out : y) shared(y)
      y = 3;
#pragma omp taskwait depend(in : y)
      wrong += y != 3;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("task: a depend object carries its address and kind") {
  int x = 0, wrong = 0;
#pragma omp parallel num_threads(4)
#pragma omp single
  for (int repeat = 0; repeat < 20; ++repeat) {
    omp_depend_t object;
#pragma omp depobj(object) depend(inout : x)
#pragma omp task depend(depobj : object) shared(x)
    x = 1;
#pragma omp task depend(depobj : object) shared(x, wrong)
    {
      wrong += x != 1;
      x = 2;
    }
#pragma omp taskwait
    wrong += x != 2;
    x = 0;
#pragma omp depobj(object) destroy
  }
  CHECK(wrong == 0);
}

TEST_CASE("task: final ones and what they make run at once; if(0) runs on its maker's thread") {
  int wrong = 0;
#pragma omp parallel num_threads(4) reduction(+ : wrong)
#pragma omp single
  {
#pragma omp task final(1) shared(wrong)
    {
      wrong += !omp_in_final();
      const int me = omp_get_thread_num();
      int ran = 0;
#pragma omp task shared(ran)
      ran = omp_get_thread_num() + 1;
      wrong += ran != me + 1;
    }
#pragma omp taskwait
    const int me = omp_get_thread_num();
    int other = -1;
#pragma omp task if (0) shared(other)
    other = omp_get_thread_num();
    wrong += other != me || omp_in_final();
  }
  CHECK(wrong == 0);
}

struct Counted {
  static std::atomic<int> alive;
  std::array<double, 200> padding{};
  Counted() { ++alive; }
  Counted(const Counted &other) : padding(other.padding) { ++alive; }
  Counted &operator=(const Counted &) = default;
  ~Counted() { --alive; }
};
std::atomic<int> Counted::alive{0};

TEST_CASE("task: firstprivate objects are copied and destroyed, whatever their size") {
  double sum = 0;
  {
    Counted original;
    original.padding[199] = 2;
#pragma omp parallel num_threads(4)
#pragma omp single
    for (int i = 0; i < 50; ++i) {
#pragma omp task firstprivate(original) shared(sum)
      {
#pragma omp atomic
        sum += original.padding[199];
      }
    }
  }
  CHECK(sum == 100);
  CHECK(Counted::alive == 0);
}

TEST_CASE("task: control variables belong to the task that sets them") {
  int wrong = 0;
#pragma omp parallel num_threads(4) reduction(+ : wrong)
  {
    omp_set_num_threads(5);
#pragma omp task shared(wrong)
    {
      wrong += omp_get_max_threads() != 5;
      omp_set_num_threads(7);
    }
#pragma omp taskwait
    wrong += omp_get_max_threads() != 5;
  }
  CHECK(wrong == 0);
}

TEST_CASE("task: a region in a task has a team of its own") {
  for (const int threads : sizes) {
    std::atomic<int> inner{0};
#pragma omp parallel num_threads(threads)
#pragma omp single
    for (int i = 0; i < 12; ++i) {
#pragma omp task shared(inner)
      {
#pragma omp parallel num_threads(2)
        {
#pragma omp task shared(inner)
          ++inner;
        }
      }
    }
    CHECK(inner == 24);
  }
}

TEST_CASE("task: one with an event is complete when it has ended and the event has come") {
  for (const int threads : sizes) {
    int wrong = 0;
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::atomic<bool> fulfilled{false};
      std::thread outside;
#pragma omp parallel num_threads(threads)
#pragma omp single
      {
        int x = 0;
        omp_event_handle_t event;
#pragma omp task detach(event) depend(out : x) shared(x)
        x = 1;
        outside = std::thread([event, &fulfilled] {
          fulfilled = true;
          omp_fulfill_event(event);
        });
#pragma omp task depend(in : x) shared(x, fulfilled, wrong)
        wrong += x != 1 || !fulfilled;
#pragma omp taskwait
      }
      outside.join();
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("taskloop: every iteration runs once, for all clauses and directions") {
  for (const int threads : sizes) {
    std::vector<int> hits(1000);
    unsigned long long sum = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
    {
#pragma omp taskloop grainsize(7)
      for (int i = 0; i < 1000; ++i) ++hits[static_cast<std::size_t>(i)];
#pragma omp taskloop num_tasks(13)
      for (int i = 999; i >= 0; --i) ++hits[static_cast<std::size_t>(i)];
#pragma omp taskloop nogroup
      for (int i = 0; i < 1000; i += 2) ++hits[static_cast<std::size_t>(i)];
#pragma omp taskwait
#pragma omp taskloop reduction(+ : sum) grainsize(50)
      for (unsigned long long i = 0; i < 1000; ++i) sum += i;
#pragma omp taskloop reduction(+ : sum)
      for (unsigned long long i = 5; i < 5; ++i) sum += i;
    }
    CHECK(std::accumulate(hits.begin(), hits.end(), 0) == 2500);
    CHECK(sum == 499500);
  }
}

TEST_CASE("task: reductions of taskgroups, regions, loops and sections") {
  for (const int threads : sizes) {
    long group = 0, region = 0, loop = 0, product = 1, sections = 0;
#pragma omp parallel num_threads(threads)
#pragma omp single
#pragma omp taskgroup task_reduction(+ : group) task_reduction(* : product)
    for (int i = 1; i <= 100; ++i) {
#pragma omp task in_reduction(+ : group)
      group += i;
      if (i <= 10) {
#pragma omp task in_reduction(* : product)
        product *= 2;
      }
    }
    CHECK(group == 5050);
    CHECK(product == 1024);

    int members = 0;
#pragma omp parallel num_threads(threads) reduction(task, + : region) reduction(+ : members)
    {
      members += 1;
      region += 1;
      for (int i = 0; i < 10; ++i) {
#pragma omp task in_reduction(+ : region)
        region += 10;
      }
    }
    CHECK(region == 101 * members);

#pragma omp parallel num_threads(threads)
    {
#pragma omp for reduction(task, + : loop) schedule(dynamic, 3)
      for (int i = 0; i < 100; ++i) {
#pragma omp task in_reduction(+ : loop)
        loop += i;
      }
#pragma omp sections reduction(task, + : sections)
      {
#pragma omp section
        {
#pragma omp task in_reduction(+ : sections)
          sections += 3;
        }
#pragma omp section
        sections += 4;
      }
    }
    CHECK(loop == 4950);
    CHECK(sections == 7);
  }
}

TEST_CASE("task: taskyield lets what the caller waits for run") {
  for (const int threads : sizes) {
    std::atomic<int> flag{0};
#pragma omp parallel num_threads(threads)
#pragma omp single
    {
#pragma omp task shared(flag)
      flag = 1;
      while (flag == 0) {
#pragma omp taskyield
      }
    }
    CHECK(flag == 1);
  }
}

TEST_CASE("task: a lock that a suspended task holds is not waited for by a task that begins in it") {
  int wrong = 0, inside = 0;
  omp_lock_t lock;
  omp_init_lock(&lock);
#pragma omp parallel num_threads(4) shared(wrong, inside, lock)
  {
    for (int repeat = 0; repeat < 50; ++repeat) {
#pragma omp task shared(wrong, inside, lock)
      {
        omp_set_lock(&lock);
        wrong += inside++ != 0;
        int child = 0;
#pragma omp task shared(child)
        child = 1;
#pragma omp taskwait
        wrong += child != 1 || --inside != 0;
        omp_unset_lock(&lock);
      }
    }
  }
  omp_destroy_lock(&lock);
  CHECK(wrong == 0);
}

}  // namespace
