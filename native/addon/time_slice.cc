#include "addon/time_slice.h"

#include <algorithm>

namespace harts::addon {
namespace {
constexpr std::chrono::milliseconds kSlice{5};
// The clock is read about this often, or at every point when points are further apart.
constexpr std::chrono::microseconds kLookPeriod{200};
constexpr std::uint32_t kMostPointsPerLook = 1024;
}  // namespace

TimeSlice &TimeSlice::mine() {
  thread_local TimeSlice slice;
  return slice;
}

void TimeSlice::look(JobScheduler &sched) {
  points_ = 0;
  const Clock::time_point now = Clock::now();
  if (now - last_look_ > kLookPeriod) {
    points_per_look_ = std::max(points_per_look_ / 2, 1u);
  } else {
    points_per_look_ = std::min(points_per_look_ * 2, kMostPointsPerLook);
  }
  last_look_ = now;
  if (now - start_ < kSlice) return;
  sched.offer_hart();
  start_ = last_look_ = Clock::now();
}

}  // namespace harts::addon
