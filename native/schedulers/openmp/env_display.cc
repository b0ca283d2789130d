/* What OMP_DISPLAY_ENV and omp_display_env show: the variables as they are in effect, in the form of libgomp. */
#include <climits>
#include <cstdio>
#include <new>
#include <string>

#include "lithe/lithe.h"
#include "schedulers/openmp/env.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

std::string threads_text(const Environment &env) {
  if (env.thread_list.empty()) return std::to_string(max_threads(self()));
  std::string text;
  for (unsigned number : env.thread_list) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::string bind_text(const Environment &env) {
  static const char *const names[] = {"FALSE", "TRUE", "MASTER", "CLOSE", "SPREAD"};
  if (env.bind_list.empty()) return names[kBindFalse];
  std::string text;
  for (ProcBind bind : env.bind_list) text += (text.empty() ? "" : ",") + std::string(names[bind]);
  return text;
}

std::string schedule_text(const Controls &controls) {
  static const char *const names[] = {"RUNTIME", "STATIC", "DYNAMIC", "GUIDED", "AUTO"};
  std::string text = (controls.schedule & kMonotonic) != 0 ? "MONOTONIC:" : "";
  text += names[controls.schedule & kScheduleMask];
  const long usual = (controls.schedule & kScheduleMask) == kDynamic || (controls.schedule & kScheduleMask) == kGuided;
  if (controls.chunk != usual) text += "," + std::to_string(controls.chunk);
  return text;
}

}  // namespace

void display_environment(bool verbose) try {
  const Environment &env = environment();
  const Controls &controls = env.controls;
  const unsigned limit = env.thread_limit != 0 ? env.thread_limit : UINT_MAX;
  std::string text = "\nOPENMP DISPLAY ENVIRONMENT BEGIN\n  _OPENMP = '201511'\n";
  const auto line = [&text](const char *name, const std::string &value) {
    text += std::string("  [host] ") + name + " = '" + value + "'\n";
  };
  const auto flag = [](bool on) { return std::string(on ? "TRUE" : "FALSE"); };
  line("OMP_DYNAMIC", flag(controls.dynamic));
  line("OMP_NESTED", flag(controls.max_active_levels > 1));
  line("OMP_NUM_THREADS", threads_text(env));
  line("OMP_SCHEDULE", schedule_text(controls));
  line("OMP_PROC_BIND", bind_text(env));
  line("OMP_PLACES", places_text(env.places));
  line("OMP_STACKSIZE", std::to_string(env.stack_size));
  line("OMP_WAIT_POLICY", env.wait_policy == WaitPolicy::kActive ? "ACTIVE" : "PASSIVE");
  line("OMP_THREAD_LIMIT", std::to_string(limit));
  line("OMP_MAX_ACTIVE_LEVELS", std::to_string(controls.max_active_levels));
  line("OMP_NUM_TEAMS", std::to_string(controls.teams));
  line("OMP_TEAMS_THREAD_LIMIT", std::to_string(controls.teams_thread_limit));
  line("OMP_CANCELLATION", flag(env.cancellation));
  line("OMP_DEFAULT_DEVICE", std::to_string(controls.default_device));
  line("OMP_MAX_TASK_PRIORITY", std::to_string(env.max_task_priority));
  line("OMP_DISPLAY_AFFINITY", flag(env.shows_affinity));
  line("OMP_AFFINITY_FORMAT", env.affinity_format);
  line("OMP_ALLOCATOR", allocator_name(controls.allocator));
  line("OMP_TARGET_OFFLOAD", env.needs_device ? "MANDATORY" : "DEFAULT");
  if (verbose) {
    /* Of libgomp's own. GOMP_CPU_AFFINITY shows as OMP_PLACES, as it does there; the spin has no count unless one is
     * given. */
    line("GOMP_CPU_AFFINITY", "");
    line("GOMP_STACKSIZE", std::to_string(env.stack_size));
    line("GOMP_SPINCOUNT", env.has_spin_count ? std::to_string(env.spin_count) : "");
    line("HARTS", std::to_string(lithe_hart_count()));
    line("LIBRARY", "harts");
  }
  text += "OPENMP DISPLAY ENVIRONMENT END\n";
  fputs(text.c_str(), stderr);
} catch (const std::bad_alloc &) {
  warn("out of memory for the display of the environment");
}

}  // namespace harts::omp
