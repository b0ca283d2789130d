/* The Fortran names of the omp_* calls: a trailing underscore, arguments by address, and an _8_ form for programs
 * compiled with eight-byte integers. The Fortran names of the locks are in sync.cc, beside their versions; those that
 * take texts in affinity_format.cc. */
#include <algorithm>
#include <climits>
#include <cstdint>

#include "schedulers/openmp/api.hpp"
#include "schedulers/openmp/team.hpp"

using namespace harts::omp;

namespace {

int narrow(int64_t value) { return static_cast<int>(std::clamp<int64_t>(value, INT_MIN, INT_MAX)); }

}  // namespace

#define GET(type, name) \
  HARTS_OMP_API type name##_() { return name(); }
/* result(argument) and its eight-byte form */
#define CALL(type, name)                                                          \
  HARTS_OMP_API type name##_(const int32_t *argument) { return name(*argument); } \
  HARTS_OMP_API type name##_8_(const int64_t *argument) { return name(narrow(*argument)); }
/* the same with a truth value, of which any bit counts */
#define SWITCH(name)                                                \
  HARTS_OMP_API void name##_(const int32_t *on) { name(*on != 0); } \
  HARTS_OMP_API void name##_8_(const int64_t *on) { name(*on != 0); }

GET(int32_t, omp_get_thread_num)
GET(int32_t, omp_get_num_threads)
GET(int32_t, omp_get_max_threads)
GET(int32_t, omp_get_num_procs)
GET(int32_t, omp_in_parallel)
GET(int32_t, omp_get_dynamic)
GET(int32_t, omp_get_nested)
GET(int32_t, omp_get_max_active_levels)
GET(int32_t, omp_get_supported_active_levels)
GET(int32_t, omp_get_thread_limit)
GET(int32_t, omp_get_level)
GET(int32_t, omp_get_active_level)
GET(double, omp_get_wtime)
GET(double, omp_get_wtick)
GET(int32_t, omp_in_final)
GET(int32_t, omp_get_cancellation)
GET(int32_t, omp_get_max_task_priority)
GET(int32_t, omp_get_proc_bind)
GET(int32_t, omp_get_num_places)
GET(int32_t, omp_get_place_num)
GET(int32_t, omp_get_partition_num_places)
GET(int32_t, omp_get_num_teams)
GET(int32_t, omp_get_team_num)
GET(int32_t, omp_is_initial_device)
GET(int32_t, omp_get_initial_device)
GET(int32_t, omp_get_num_devices)
GET(int32_t, omp_get_device_num)
GET(int32_t, omp_get_default_device)

CALL(void, omp_set_num_threads)
CALL(void, omp_set_max_active_levels)
CALL(void, omp_set_default_device)
CALL(int32_t, omp_get_ancestor_thread_num)
CALL(int32_t, omp_get_team_size)
CALL(int32_t, omp_get_place_num_procs)

SWITCH(omp_set_dynamic)
SWITCH(omp_set_nested)
SWITCH(omp_display_env)

HARTS_OMP_API void omp_set_schedule_(const int32_t *kind, const int32_t *chunk) {
  omp_set_schedule(static_cast<unsigned>(*kind), *chunk);
}
HARTS_OMP_API void omp_set_schedule_8_(const int32_t *kind, const int64_t *chunk) {
  omp_set_schedule(static_cast<unsigned>(*kind), narrow(*chunk));
}
HARTS_OMP_API void omp_get_schedule_(int32_t *kind, int32_t *chunk) {
  unsigned value;
  omp_get_schedule(&value, chunk);
  *kind = static_cast<int32_t>(value);
}
HARTS_OMP_API void omp_get_schedule_8_(int32_t *kind, int64_t *chunk) {
  int32_t value;
  omp_get_schedule_(kind, &value);
  *chunk = value;
}

HARTS_OMP_API void omp_get_place_proc_ids_(const int32_t *place, int32_t *ids) { omp_get_place_proc_ids(*place, ids); }
HARTS_OMP_API void omp_get_place_proc_ids_8_(const int64_t *place, int64_t *ids) {
  const PlaceList &places = environment().places;
  if (*place < 0 || static_cast<uint64_t>(*place) >= places.size()) return;
  std::copy(places[static_cast<size_t>(*place)].begin(), places[static_cast<size_t>(*place)].end(), ids);
}
HARTS_OMP_API void omp_get_partition_place_nums_(int32_t *numbers) { omp_get_partition_place_nums(numbers); }
HARTS_OMP_API void omp_get_partition_place_nums_8_(int64_t *numbers) {
  for (int i = 0; i < omp_get_partition_num_places(); ++i) numbers[i] = i;
}
