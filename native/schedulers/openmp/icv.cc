/* The control variables and the questions about teams: omp_get_* and omp_set_*. The Fortran names are in fortran.cc. */
#include <time.h>

#include <algorithm>
#include <climits>

#include "lithe/lithe.h"
#include "schedulers/openmp/api.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

unsigned hart_count() {
  static const bool has_any = [] {
    const bool can_be_read = lithe_hart_count() >= 1;
    if (!can_be_read) warn("cannot read the machine: %s Teams have one thread.", lithe_topology_problem());
    return can_be_read;
  }();
  return has_any ? static_cast<unsigned>(lithe_hart_limit()) : 1;
}

/* The caller's seat in its team at `level`, NULL when there is no such level. */
const Member *at_level(int level) {
  const Member *member = &self();
  if (level < 0 || static_cast<unsigned>(level) > member->team->level) return nullptr;
  while (member->team->level != static_cast<unsigned>(level)) member = member->team->encountering;
  return member;
}

double seconds(const timespec &time) {
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

unsigned max_threads(const Member &member) {
  const unsigned threads = member.controls.threads;
  return threads != 0 ? threads : hart_count();
}

unsigned idle_harts(const Member &member) {
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  /* A thread outside every region holds no hart yet and will take one of the idle ones. */
  const unsigned busy = stats.harts_busy + (member.team->active_level == 0 && lithe_hart_self() < 0 ? 1 : 0);
  return busy < hart_count() ? hart_count() - busy : 0;
}

}  // namespace harts::omp

using namespace harts::omp;

HARTS_OMP_API int omp_get_thread_num() {
  const Member *member = current;
  return member != nullptr ? static_cast<int>(member->number) : 0;
}

HARTS_OMP_API int omp_get_num_threads() {
  const Member *member = current;
  return member != nullptr ? static_cast<int>(member->team->size) : 1;
}

HARTS_OMP_API void omp_set_num_threads(int threads) {
  self().controls.threads = static_cast<unsigned>(std::max(threads, 1));
}
HARTS_OMP_API int omp_get_max_threads() { return static_cast<int>(std::min<unsigned>(max_threads(self()), INT_MAX)); }
HARTS_OMP_API int omp_get_num_procs() { return static_cast<int>(hart_count()); }
HARTS_OMP_API int omp_in_parallel() { return self().team->active_level > 0; }
HARTS_OMP_API void omp_set_dynamic(int on) { self().controls.dynamic = on != 0; }
HARTS_OMP_API int omp_get_dynamic() { return self().controls.dynamic; }

/* Since OpenMP 5.0 these two are about max-active-levels-var. */
HARTS_OMP_API void omp_set_nested(int on) {
  int &levels = self().controls.max_active_levels;
  if (on == 0) {
    levels = 1;
  } else if (levels <= 1) {
    levels = kSupportedActiveLevels;
  }
}
HARTS_OMP_API int omp_get_nested() { return self().controls.max_active_levels > 1; }
HARTS_OMP_API void omp_set_max_active_levels(int levels) {
  if (levels >= 0) self().controls.max_active_levels = levels;
}
HARTS_OMP_API int omp_get_max_active_levels() { return self().controls.max_active_levels; }
HARTS_OMP_API int omp_get_supported_active_levels() { return kSupportedActiveLevels; }

HARTS_OMP_API void omp_set_schedule(unsigned kind, int chunk) {
  const unsigned base = kind & ~kMonotonic;
  if (base < kStatic || base > kAuto) return;
  Controls &controls = self().controls;
  controls.schedule = kind;
  /* A chunk below 1 asks for the default: blocks for static, 1 for dynamic and guided. */
  controls.chunk = chunk >= 1 ? chunk : (base == kDynamic || base == kGuided ? 1 : 0);
}
HARTS_OMP_API void omp_get_schedule(unsigned *kind, int *chunk) {
  const Controls &controls = self().controls;
  *kind = controls.schedule;
  *chunk = static_cast<int>(std::min<long>(controls.chunk, INT_MAX));
}

HARTS_OMP_API int omp_get_thread_limit() {
  const unsigned limit = self().team->group->limit;
  return limit != 0 && limit < INT_MAX ? static_cast<int>(limit) : INT_MAX;
}

HARTS_OMP_API int omp_get_level() { return static_cast<int>(self().team->level); }
HARTS_OMP_API int omp_get_active_level() { return static_cast<int>(self().team->active_level); }
HARTS_OMP_API int omp_get_ancestor_thread_num(int level) {
  const Member *member = at_level(level);
  return member != nullptr ? static_cast<int>(member->number) : -1;
}
HARTS_OMP_API int omp_get_team_size(int level) {
  const Member *member = at_level(level);
  return member != nullptr ? static_cast<int>(member->team->size) : -1;
}

HARTS_OMP_API double omp_get_wtime() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return seconds(now);
}
HARTS_OMP_API double omp_get_wtick() {
  timespec tick;
  clock_getres(CLOCK_MONOTONIC, &tick);
  return seconds(tick);
}

/* What is always so here: no devices but the host. */
HARTS_OMP_API int omp_in_final() { return self().task->is_final; }
HARTS_OMP_API int omp_get_cancellation() { return environment().cancellation; }
HARTS_OMP_API int omp_is_initial_device() { return 1; }
HARTS_OMP_API int omp_get_initial_device() { return 0; }
HARTS_OMP_API int omp_get_num_devices() { return 0; }
HARTS_OMP_API int omp_get_device_num() { return 0; }
HARTS_OMP_API void omp_set_default_device(int device) { self().controls.default_device = std::max(device, 0); }
HARTS_OMP_API int omp_get_default_device() { return self().controls.default_device; }

HARTS_OMP_API int omp_get_max_task_priority() { return environment().max_task_priority; }

HARTS_OMP_API void omp_display_env(int verbose) { display_environment(verbose != 0); }

/* The error directive. The compiler gives the length when the text comes from Fortran, else SIZE_MAX. */
HARTS_OMP_API void GOMP_warning(const char *message, size_t length) {
  const int shown = static_cast<int>(std::min<size_t>(length, 400));
  warn("error directive encountered%s%.*s", message != nullptr ? ": " : "", message != nullptr ? shown : 0,
       message != nullptr ? message : "");
}
HARTS_OMP_API void GOMP_error(const char *message, size_t length) {
  const int shown = static_cast<int>(std::min<size_t>(length, 400));
  fatal("fatal error: error directive encountered%s%.*s", message != nullptr ? ": " : "",
        message != nullptr ? shown : 0, message != nullptr ? message : "");
}
