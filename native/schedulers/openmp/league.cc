/* The teams construct. The teams of a league run one after the other, each with all harts; the standard lets them be
 * concurrent and does not let them meet. */
#include <algorithm>
#include <cstdint>

#include "schedulers/openmp/team.hpp"

using namespace harts::omp;

namespace {

unsigned teams_for(const Member &member, unsigned requested) {
  if (requested != 0) return requested;
  return member.controls.teams > 0 ? static_cast<unsigned>(member.controls.teams) : 1;
}

/* The limit on the threads of each team; 0 for none. */
unsigned limit_for(const Member &member, unsigned requested) {
  if (requested != 0) return requested;
  if (member.controls.teams_thread_limit > 0) return static_cast<unsigned>(member.controls.teams_thread_limit);
  return member.team->group->limit;
}

int narrow(int64_t value) { return static_cast<int>(std::clamp<int64_t>(value, INT32_MIN, INT32_MAX)); }

}  // namespace

/* A teams construct on the host: the whole league. */
HARTS_OMP_API void GOMP_teams_reg(void (*function)(void *), void *data, unsigned teams, unsigned thread_limit,
                                  unsigned) {
  Member &member = self();
  const unsigned count = teams_for(member, teams);
  const unsigned limit = limit_for(member, thread_limit);
  for (unsigned team = 0; team < count; ++team) {
    ContentionGroup group;
    group.limit = limit;
    group.teams = count;
    group.team = team;
    run_initial(member, function, data, group, member.controls);
  }
}

/* A teams construct in a target region, whose initial task becomes that of each team in turn: true while there is one. */
HARTS_OMP_API bool GOMP_teams4(unsigned, unsigned most_teams, unsigned thread_limit, bool is_first) {
  Member &member = self();
  ContentionGroup &group = *member.team->group;
  if (!is_first) {
    if (group.team + 1 >= group.teams) return false;
    ++group.team;
    return true;
  }
  group.limit = limit_for(member, thread_limit);
  group.teams = teams_for(member, most_teams);
  group.team = 0;
  return true;
}
/* The same from older compilers, for which there is one team. */
HARTS_OMP_API void GOMP_teams(unsigned, unsigned thread_limit) { GOMP_teams4(1, 1, thread_limit, true); }

HARTS_OMP_API int omp_get_num_teams() { return static_cast<int>(self().team->group->teams); }
HARTS_OMP_API int omp_get_team_num() { return static_cast<int>(self().team->group->team); }
HARTS_OMP_API void omp_set_num_teams(int teams) { self().controls.teams = std::max(teams, 0); }
HARTS_OMP_API int omp_get_max_teams() { return self().controls.teams; }
HARTS_OMP_API void omp_set_teams_thread_limit(int limit) { self().controls.teams_thread_limit = std::max(limit, 0); }
HARTS_OMP_API int omp_get_teams_thread_limit() { return self().controls.teams_thread_limit; }

/* The Fortran names; those of the first two are in fortran.cc. */
HARTS_OMP_API int32_t omp_get_max_teams_() { return omp_get_max_teams(); }
HARTS_OMP_API int32_t omp_get_teams_thread_limit_() { return omp_get_teams_thread_limit(); }
HARTS_OMP_API void omp_set_num_teams_(const int32_t *teams) { omp_set_num_teams(*teams); }
HARTS_OMP_API void omp_set_num_teams_8_(const int64_t *teams) { omp_set_num_teams(narrow(*teams)); }
HARTS_OMP_API void omp_set_teams_thread_limit_(const int32_t *limit) { omp_set_teams_thread_limit(*limit); }
HARTS_OMP_API void omp_set_teams_thread_limit_8_(const int64_t *limit) { omp_set_teams_thread_limit(narrow(*limit)); }
