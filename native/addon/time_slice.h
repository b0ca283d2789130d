/* How long a context of a job keeps its hart before it offers it to others. */
#ifndef HARTS_ADDON_TIME_SLICE_H
#define HARTS_ADDON_TIME_SLICE_H

#include <chrono>
#include <cstdint>

#include "addon/job_scheduler.h"

namespace harts::addon {

/* One per context. Loops call point() between two passes: when the context's time is up, its hart goes to the root
 * scheduler, which gives it to whoever has the fewest; it comes straight back when nobody wants it. So other jobs, and
 * guests such as a JS thread that calls a kernel with OpenMP in it, wait for some milliseconds at most, as far as
 * single calls of kernels are shorter than that. */
class TimeSlice {
 public:
  /* That of the calling context: thread_local objects belong to the context, whichever hart runs it. */
  static TimeSlice &mine();

  /* Callable from: the context that owns the slice, inside `sched`. May suspend it. */
  void point(JobScheduler &sched) {
    if (++points_ >= points_per_look_) look(sched);
  }

 private:
  using Clock = std::chrono::steady_clock;
  void look(JobScheduler &sched);

  Clock::time_point start_ = Clock::now();
  Clock::time_point last_look_ = start_;
  std::uint32_t points_ = 0;
  std::uint32_t points_per_look_ = 1;  // the clock is not read at every point
};

}  // namespace harts::addon

#endif
