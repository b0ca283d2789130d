/* omp_pause_resource: gives back what OpenMP keeps between regions, on the only device, the host. */
#include <cstdint>

#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/team.hpp"

using namespace harts::omp;

namespace {

/* omp_pause_resource_t. A soft pause keeps what threadprivate variables hold, and with them the threads; a hard one ends
 * both. */
constexpr int kSoft = 1, kHard = 2;
constexpr int kRefused = -1;

int pause(int kind) {
  Member &member = self();
  if ((kind != kSoft && kind != kHard) || member.team->level != 0 || member.thread->depth != 0) return kRefused;
  if (kind == kSoft) return 0;
  for (Crew *crew : member.thread->crews) crew->retire();
  member.thread->crews.clear();
  return 0;
}

}  // namespace

HARTS_OMP_API int omp_pause_resource(int kind, int device) {
  return device == 0 || device == -1 ? pause(kind) : kRefused;
}
HARTS_OMP_API int omp_pause_resource_all(int kind) { return pause(kind); }
HARTS_OMP_API int32_t omp_pause_resource_(const int32_t *kind, const int32_t *device) {
  return omp_pause_resource(*kind, *device);
}
HARTS_OMP_API int32_t omp_pause_resource_all_(const int32_t *kind) { return omp_pause_resource_all(*kind); }
