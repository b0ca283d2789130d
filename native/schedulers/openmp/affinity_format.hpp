/* OpenMP's affinity format: a text with fields such as %n or %0.3{thread_num} that are replaced by what is true of the
 * calling thread. */
#ifndef HARTS_OPENMP_AFFINITY_FORMAT_HPP
#define HARTS_OPENMP_AFFINITY_FORMAT_HPP

#include <string>

namespace harts::omp {

constexpr const char *kDefaultAffinityFormat = "level %L thread %i affinity %A";

/* What the fields say. */
struct AffinityFacts {
  int team_num = 0;                   /* %t */
  int num_teams = 1;                  /* %T */
  int nesting_level = 0;              /* %L */
  int thread_num = 0;                 /* %n */
  int num_threads = 1;                /* %N */
  int ancestor_tnum = -1;             /* %a */
  std::string thread_affinity;        /* %A: the PUs that the thread may run on */
  long process_id = 0;                /* %P */
  unsigned long native_thread_id = 0; /* %i, in hexadecimal */
  std::string host;                   /* %H */
};

/* Replaces the fields. A field is %, a width, and a letter or a name in braces; %% is a percent sign. The width is one
 * of `5` (to the left), `.5` (to the right), `0.5` (to the right, numbers with leading zeros); what is wider is shown
 * whole. What is not such a field stays as it is, and the first of it is described in `*problem`, which may be NULL.
 * Throws std::bad_alloc. */
std::string expand_affinity(const char *format, const AffinityFacts &facts, std::string *problem);

/* "" when every field of the format is one, else what is wrong with the first that is not. Throws std::bad_alloc. */
std::string affinity_format_problem(const char *format);

/* Writes a line about the calling thread to stderr, if it is not the one that it wrote the last time. What
 * OMP_DISPLAY_AFFINITY wants of each thread of a region. */
void show_affinity_if_changed();

}  // namespace harts::omp

#endif
