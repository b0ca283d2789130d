// `npm run bench -- openmp`: what each construct costs, in the manner of the EPCC benchmarks. The program knows nothing of
// harts: it is run on our libgomp.so.1, on the system's and on LLVM's, and every measurement has one contender, `run`.
#include <algorithm>
#include <cstdio>
#include <dlfcn.h>
#include <functional>
#include <omp.h>
#include <string>
#include <utility>
#include <vector>

#include "benchmarking/protocol.h"
#include "benchmarking/timing.h"

using namespace harts::bench;

namespace {

// The body of each construct: about 100 ns of arithmetic that no compiler leaves out.
inline void body() {
  for (int i = 0; i < 128; ++i) asm volatile("" ::: "memory");
}

constexpr int iterations_per_thread = 128;
constexpr uint64_t least_ns = 3'000'000;

// Nanoseconds per operation of a batch that takes long enough for the clock, after a short one that makes the threads.
double sample(const std::function<void(long)> &batch) {
  batch(1);
  double result = 0;
  for (long count = 2;; count *= 2) {
    const uint64_t start = now_ns();
    batch(count);
    const uint64_t elapsed = now_ns() - start;
    if (elapsed < least_ns && count < (1L << 40)) continue;
    std::vector<double> each{static_cast<double>(elapsed) / static_cast<double>(count)};
    // Twice more, for a median; a batch of a slow construct is long enough by itself.
    for (int more = 0; more < 2 && elapsed < 20 * least_ns; ++more) {
      const uint64_t again = now_ns();
      batch(count);
      each.push_back(static_cast<double>(now_ns() - again) / static_cast<double>(count));
    }
    result = median(std::move(each));
    break;
  }
  return result;
}

struct Row {
  const char *name;
  const char *what;
  std::function<void(long)> batch;
};

void nested(long count, int outer, int inner) {
  for (long i = 0; i < count; ++i) {
#pragma omp parallel num_threads(outer)
    {
#pragma omp parallel num_threads(inner)
      body();
    }
  }
}

void scheduled(long count, omp_sched_t kind, int chunk) {
  omp_set_schedule(kind, chunk);
  const int total = iterations_per_thread * omp_get_max_threads();
#pragma omp parallel
  for (long i = 0; i < count; ++i) {
#pragma omp for schedule(runtime)
    for (int k = 0; k < total; ++k) body();
  }
}

std::vector<Row> rows() {
  std::vector<Row> all{
      {"parallel", "a region",
       [](long count) {
         for (long i = 0; i < count; ++i) {
#pragma omp parallel
           body();
         }
       }},
      {"for", "a static loop of one iteration per thread, with its barrier",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count; ++i) {
#pragma omp for
           for (int k = 0; k < omp_get_num_threads(); ++k) body();
         }
       }},
      {"parallel for", "a region that is a static loop",
       [](long count) {
         const int threads = omp_get_max_threads();
         for (long i = 0; i < count; ++i) {
#pragma omp parallel for
           for (int k = 0; k < threads; ++k) body();
         }
       }},
      {"barrier", "a barrier",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count; ++i) {
           body();
#pragma omp barrier
         }
       }},
      {"single", "a single construct, with its barrier",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count; ++i) {
#pragma omp single
           body();
         }
       }},
      {"critical", "a critical section; per section of both threads",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count / omp_get_num_threads(); ++i) {
#pragma omp critical
           body();
         }
       }},
      {"lock", "omp_set_lock and omp_unset_lock; per pair of both threads",
       [](long count) {
         omp_lock_t lock;
         omp_init_lock(&lock);
#pragma omp parallel
         for (long i = 0; i < count / omp_get_num_threads(); ++i) {
           omp_set_lock(&lock);
           body();
           omp_unset_lock(&lock);
         }
         omp_destroy_lock(&lock);
       }},
      {"ordered", "an ordered region in a loop",
       [](long count) {
#pragma omp parallel for ordered schedule(static, 1)
         for (long i = 0; i < count; ++i) {
#pragma omp ordered
           body();
         }
       }},
      {"atomic", "an atomic addition to a double",
       [](long count) {
         double sum = 0;
#pragma omp parallel
         for (long i = 0; i < count / omp_get_num_threads(); ++i) {
#pragma omp atomic
           sum += 1;
           body();
         }
         if (sum < 0) std::printf("impossible");
       }},
      {"reduction", "a region with a reduction",
       [](long count) {
         double sum = 0;
         for (long i = 0; i < count; ++i) {
#pragma omp parallel reduction(+ : sum)
           {
             body();
             sum += 1;
           }
         }
         if (sum < 0) std::printf("impossible");
       }},
      {"task", "a task, made by each thread",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count / omp_get_num_threads(); ++i) {
#pragma omp task
           body();
         }
       }},
      {"task from one", "a task, all made by one thread",
       [](long count) {
#pragma omp parallel
#pragma omp master
         for (long i = 0; i < count; ++i) {
#pragma omp task
           body();
         }
       }},
      {"task tree", "a task in a recursion of two with taskwait",
       [](long count) {
         struct Tree {
           static void grow(long tasks) {
             if (tasks <= 1) {
               body();
               return;
             }
#pragma omp task
             grow(tasks / 2);
#pragma omp task
             grow(tasks - tasks / 2);
#pragma omp taskwait
           }
         };
#pragma omp parallel
#pragma omp single
         Tree::grow(count);
       }},
      {"taskwait", "a task and a taskwait, in each thread",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count; ++i) {
#pragma omp task
           body();
#pragma omp taskwait
         }
       }},
      {"taskgroup", "a task in a taskgroup, in each thread",
       [](long count) {
#pragma omp parallel
         for (long i = 0; i < count; ++i) {
#pragma omp taskgroup
           {
#pragma omp task
             body();
           }
         }
       }},
      {"taskloop", "a taskloop of eight tasks, in one thread",
       [](long count) {
#pragma omp parallel
#pragma omp single
         for (long i = 0; i < count; ++i) {
#pragma omp taskloop num_tasks(8)
           for (int k = 0; k < 8; ++k) body();
         }
       }},
      {"depend", "a task with one inout dependence, of eight chains",
       [](long count) {
         char chain[8 * 64];
#pragma omp parallel
#pragma omp single
         for (long i = 0; i < count; ++i) {
           [[maybe_unused]] char *link = chain + 64 * (i % 8);
#pragma omp task depend(inout : link[0])
           body();
         }
       }},
  };
  for (const auto &[kind, name] : {std::pair{omp_sched_static, "static"}, std::pair{omp_sched_dynamic, "dynamic"},
                                   std::pair{omp_sched_guided, "guided"}}) {
    static std::vector<std::string> names;
    names.reserve(64);
    for (const int chunk : {1, 8, 64}) {
      names.push_back(std::string(name) + " " + std::to_string(chunk));
      const omp_sched_t schedule = kind;
      all.push_back({names.back().c_str(), "a loop of 128 iterations per thread, by chunks of so many",
                     [schedule, chunk](long count) { scheduled(count, schedule, chunk); }});
    }
  }
  all.push_back({"nested 2x2", "a region of 2 threads in each of 2", [](long count) { nested(count, 2, 2); }});
  all.push_back({"nested 4x4", "a region of 4 threads in each of 4", [](long count) { nested(count, 4, 4); }});
  all.push_back({"nested 8x8", "a region of 8 threads in each of 8", [](long count) { nested(count, 8, 8); }});
  all.push_back({"nested 32x32", "a region of 32 threads in each of 32", [](long count) { nested(count, 32, 32); }});
  return all;
}

std::string library() {
  Dl_info info;
  void *address = dlsym(RTLD_DEFAULT, "GOMP_parallel");
  const std::string file = address != nullptr && dladdr(address, &info) != 0 ? info.dli_fname : "unknown";
  return file.substr(file.rfind('/') + 1);
}

}  // namespace

int main() {
  omp_set_dynamic(0);
  omp_set_max_active_levels(8);
  Program program;
  program.facts = {{"threads", std::to_string(omp_get_max_threads())}, {"library", library()}};
  for (Row &row : rows()) {
    program.measurements.push_back(
        {row.name, row.what, "run", false, {{"run", "", [batch = row.batch] { return sample(batch); }, ""}}});
  }
  return serve(program);
}
