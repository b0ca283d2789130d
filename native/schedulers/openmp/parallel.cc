/* Parallel regions: GOMP_parallel, its combined forms, and the older start/end pairs. The low bits of `flags` hold the
 * proc_bind clause, which is reported inside and places nothing (places.hpp). */
#include "schedulers/openmp/affinity_format.hpp"
#include "schedulers/openmp/task_reduction.hpp"
#include "schedulers/openmp/team.hpp"

using namespace harts::omp;

namespace {

using Function = void (*)(void *);

/* The body of a region for OMP_DISPLAY_AFFINITY: each thread says where it may run before it begins its part. */
struct ShowingBody {
  Function function;
  void *data;
  static void run(void *body) {
    show_affinity_if_changed();
    static_cast<ShowingBody *>(body)->function(static_cast<ShowingBody *>(body)->data);
  }
};

void run(Member &member, Function function, void *data, unsigned threads, const LoopSpec *combined, unsigned flags) {
  const unsigned char bind_clause = flags & kBindMask;
  if (__builtin_expect(!environment().shows_affinity, 1)) {
    region_run(member, function, data, threads, combined, bind_clause);
    return;
  }
  ShowingBody body = {function, data};
  region_run(member, &ShowingBody::run, &body, threads, combined, bind_clause);
}

/* A region whose whole body is one loop. The loop is set up for every thread before it starts. */
void run_loop(Function function, void *data, unsigned threads, long start, long end, long step, unsigned kind,
              long chunk, unsigned flags) {
  Member &member = self();
  const LoopSpec spec = signed_loop(member, start, end, step, kind, chunk, false);
  run(member, function, data, threads, &spec, flags);
}

void start_loop(Function function, void *data, unsigned threads, long start, long end, long step, unsigned kind,
                long chunk) {
  Member &member = self();
  const LoopSpec spec = signed_loop(member, start, end, step, kind, chunk, false);
  region_start(member, function, data, threads, &spec);
}

}  // namespace

HARTS_OMP_API void GOMP_parallel(Function function, void *data, unsigned threads, unsigned flags) {
  run(self(), function, data, threads, nullptr, flags);
}

HARTS_OMP_API void GOMP_parallel_start(Function function, void *data, unsigned threads) {
  region_start(self(), function, data, threads, nullptr);
}

HARTS_OMP_API void GOMP_parallel_end() { region_end(); }

#define LOOP(name, kind)                                                                                              \
  HARTS_OMP_API void GOMP_parallel_loop_##name(Function function, void *data, unsigned threads, long start, long end, \
                                               long step, long chunk, unsigned flags) {                               \
    run_loop(function, data, threads, start, end, step, kind, chunk, flags);                                          \
  }
#define RUNTIME_LOOP(name)                                                                                            \
  HARTS_OMP_API void GOMP_parallel_loop_##name(Function function, void *data, unsigned threads, long start, long end, \
                                               long step, unsigned flags) {                                           \
    run_loop(function, data, threads, start, end, step, kRuntime, 0, flags);                                          \
  }
#define LOOP_START(name, kind)                                                                                      \
  HARTS_OMP_API void GOMP_parallel_loop_##name##_start(Function function, void *data, unsigned threads, long start, \
                                                       long end, long step, long chunk) {                           \
    start_loop(function, data, threads, start, end, step, kind, chunk);                                             \
  }

LOOP(static, kStatic)
LOOP(dynamic, kDynamic)
LOOP(guided, kGuided)
LOOP(nonmonotonic_dynamic, kDynamic)
LOOP(nonmonotonic_guided, kGuided)
RUNTIME_LOOP(runtime)
RUNTIME_LOOP(nonmonotonic_runtime)
RUNTIME_LOOP(maybe_nonmonotonic_runtime)
LOOP_START(static, kStatic)
LOOP_START(dynamic, kDynamic)
LOOP_START(guided, kGuided)

HARTS_OMP_API void GOMP_parallel_loop_runtime_start(Function function, void *data, unsigned threads, long start,
                                                    long end, long step) {
  start_loop(function, data, threads, start, end, step, kRuntime, 0);
}

HARTS_OMP_API void GOMP_parallel_sections(Function function, void *data, unsigned threads, unsigned count,
                                          unsigned flags) {
  LoopSpec spec;
  spec.trips = count;
  run(self(), function, data, threads, &spec, flags);
}

HARTS_OMP_API void GOMP_parallel_sections_start(Function function, void *data, unsigned threads, unsigned count) {
  LoopSpec spec;
  spec.trips = count;
  region_start(self(), function, data, threads, &spec);
}

/* reduction(task, ...) on the region: the first field of the data is the registration (task_reduction.hpp). */
HARTS_OMP_API unsigned GOMP_parallel_reductions(Function function, void *data, unsigned threads, unsigned flags) {
  Member &member = self();
  const unsigned size = team_size(member, threads);
  uintptr_t *reductions = *static_cast<uintptr_t **>(data);
  register_reductions(reductions, size, nullptr);
  return region_run_sized(member, function, data, size, nullptr, reductions, flags & kBindMask);
}
