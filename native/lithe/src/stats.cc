#include "lithe/stats.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include "runtime.h"

using namespace lithe::core;

namespace {

// The state letter of a kernel thread, from /proc; 0 when it is gone. Plain reads: no stdio buffers, no allocation.
char thread_state(pid_t tid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(tid));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[256];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char *name_end = std::strrchr(text, ')');  // the name may contain anything, also parentheses
  return name_end && name_end[1] == ' ' ? name_end[2] : 0;
}

// The kernel threads that carry, or may be carrying, a hart and that the kernel says are running or runnable.
std::vector<pid_t> running_carriers(Runtime &runtime) {
  std::vector<pid_t> candidates;
  runtime.each_carrier([&](Carrier *carrier) {
    const pid_t tid = carrier->tid.load(std::memory_order_relaxed);
    if (tid == 0) return;
    // A guest without a hart is a thread of the program like any other; a carrier of ours never has a reason to run
    // without one.
    if (carrier->guest && !carrier->hart.load(std::memory_order_relaxed)) return;
    candidates.push_back(tid);
  });
  std::vector<pid_t> running;
  for (pid_t tid : candidates) {
    if (thread_state(tid) == 'R') running.push_back(tid);
  }
  return running;
}

}  // namespace

extern "C" {

void lithe_stats_get(lithe_stats_t *out) {
  *out = {};
  Runtime *current = runtime_if_started();
  if (!current) return;
  uint64_t left = 0;
  for (int i = 0; i < current->hart_count(); ++i) {
    const Counters &counters = current->harts()[i].counters;
    out->schedulers_entered += counters.schedulers_entered.read();
    left += counters.schedulers_left.read();
    out->grants += counters.grants.read();
    out->yields += counters.yields.read();
    out->context_switches += counters.context_switches.read();
    out->blocks += counters.blocks.read();
    out->parks += counters.parks.read();
    out->handoffs += counters.handoffs.read();
  }
  out->grants += current->root().grants();
  out->unblocks = current->unblocks.load(std::memory_order_relaxed);
  out->wakes = current->wakes.load(std::memory_order_relaxed);
  out->harts = static_cast<uint32_t>(current->hart_count());
  out->harts_busy = out->harts - std::min(out->harts, current->root().idle_count());
  out->carriers = current->carriers.load(std::memory_order_relaxed);
  out->contexts = current->contexts.load(std::memory_order_relaxed);
  out->contexts_pooled = current->pool().count();
  out->guests = current->guests.load(std::memory_order_relaxed);
  // Two sums read at different moments: a scheduler entered in between may be missed, but the difference is not negative.
  out->schedulers = static_cast<uint32_t>(out->schedulers_entered - std::min(left, out->schedulers_entered));
}

int lithe_stats_oversubscribed(void) {
  Runtime *current = runtime_if_started();
  if (!current) return 0;
  const size_t harts = static_cast<size_t>(current->hart_count());
  std::vector<pid_t> running = running_carriers(*current);
  for (int again = 0; again < 2 && running.size() > harts; ++again) {
    const std::vector<pid_t> now = running_carriers(*current);
    std::erase_if(running, [&](pid_t tid) { return std::find(now.begin(), now.end(), tid) == now.end(); });
  }
  return running.size() > harts ? static_cast<int>(running.size() - harts) : 0;
}

}  // extern "C"
