/* The control variables of OpenMP and the environment variables that give them their first values. */
#ifndef HARTS_OPENMP_ENV_HPP
#define HARTS_OPENMP_ENV_HPP

#include <cstddef>
#include <string>
#include <vector>

#include "schedulers/openmp/allocator.hpp"
#include "schedulers/openmp/places.hpp"

namespace harts::omp {

/* The numbers of omp_sched_t. The compiler passes the same ones to GOMP_loop_start, with 0 for schedule(runtime). */
enum ScheduleKind : unsigned { kRuntime = 0, kStatic = 1, kDynamic = 2, kGuided = 3, kAuto = 4 };
constexpr unsigned kMonotonic = 0x80000000u;
constexpr unsigned kScheduleMask = 0x7;

/* As many nested active levels as memory allows. */
constexpr int kSupportedActiveLevels = 0x7fffffff;

/* The control variables that each data environment has a copy of. A member inherits its copy from the thread that met
 * the parallel construct. */
struct Controls {
  unsigned threads = 0;         /* nthreads-var; 0: as many as there are harts */
  unsigned list_position = 0;   /* how far down the list of OMP_NUM_THREADS this level is */
  unsigned schedule = kDynamic; /* run-sched-var, kMonotonic included when it was given */
  int max_active_levels = kSupportedActiveLevels;
  long chunk = 1;
  int default_device = 0;
  bool dynamic = false;
  int teams = 0;                                 /* nteams-var, 0: as many as the implementation likes */
  int teams_thread_limit = 0;                    /* teams-thread-limit-var, 0: thread-limit-var */
  AllocatorHandle allocator = kDefaultAllocator; /* def-allocator-var */
  ProcBind proc_bind = kBindFalse;               /* bind-var; what it says is reported and not done (places.hpp) */
  unsigned bind_position = 0;                    /* how far down the list of OMP_PROC_BIND this level is */

  /* The copy that the implicit tasks of a region start with: the next number of OMP_NUM_THREADS, if there is one, and
   * the next word of OMP_PROC_BIND. When there is none of these, the region's proc_bind clause, `clause`, holds inside (0
   * is none); with OMP_PROC_BIND=false it never does. */
  Controls inherited(unsigned clause) const;
};

enum class WaitPolicy : unsigned char { kUnset, kPassive, kActive };

/* GOMP_SPINCOUNT=infinite */
constexpr unsigned long kSpinForever = ~0ul;

/* What OMP_* said, read once, when the first thread uses OpenMP. Values that make no sense are reported on stderr with
 * the value that is used in their place. */
struct Environment {
  Controls controls;
  std::vector<unsigned> thread_list; /* OMP_NUM_THREADS, empty when it is not set */
  unsigned thread_limit = 0;         /* OMP_THREAD_LIMIT, 0: none */
  bool needs_device = false;         /* OMP_TARGET_OFFLOAD=MANDATORY */
  bool cancellation = false;         /* OMP_CANCELLATION */
  size_t stack_size = 0;             /* of a team context, from OMP_STACKSIZE or the default of threads */
  std::vector<ProcBind> bind_list;   /* OMP_PROC_BIND, empty when it is not set */
  PlaceList places;            /* OMP_PLACES or GOMP_CPU_AFFINITY; a place for each PU if only binding is asked for */
  int max_task_priority = 0;   /* OMP_MAX_TASK_PRIORITY */
  bool shows_affinity = false; /* OMP_DISPLAY_AFFINITY */
  std::string affinity_format; /* OMP_AFFINITY_FORMAT or the default */
  WaitPolicy wait_policy = WaitPolicy::kUnset; /* OMP_WAIT_POLICY */
  bool has_spin_count = false;
  unsigned long spin_count = 0; /* GOMP_SPINCOUNT, of which only zero or not counts */

  /* Whether a thread that waits for its team may spin at all; it never does for long. GOMP_SPINCOUNT goes before
   * OMP_WAIT_POLICY. */
  bool may_spin() const { return has_spin_count ? spin_count != 0 : wait_policy != WaitPolicy::kPassive; }
};

const Environment &environment();

/* The name of a predefined allocator, by handle. */
const char *allocator_name(AllocatorHandle handle);

/* Shows it, the first time this is called, if OMP_DISPLAY_ENV asks for it. */
void show_environment_once();

/* Writes all of it to stderr in the form that OMP_DISPLAY_ENV asks for. */
void display_environment(bool verbose);

}  // namespace harts::omp

#endif
