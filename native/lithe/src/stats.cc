#include "lithe/stats.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>
#include <vector>

#include "lithe/error.h"
#include "park.h"
#include "runtime.h"

using namespace lithe::core;

namespace {

// The text of /proc/self/task/<tid>/<file>; false when the thread is gone. Plain reads: no stdio buffers, no allocation.
bool read_task(pid_t tid, const char *file, char (&text)[256]) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/%s", static_cast<int>(tid), file);
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  if (length <= 0) return false;
  text[length] = '\0';
  return true;
}

// Running or waiting for a processor, as the kernel says.
bool is_runnable(pid_t tid) {
  char text[256];
  if (!read_task(tid, "stat", text)) return false;
  const char *name_end = std::strrchr(text, ')');  // the name may contain anything, also parentheses
  return name_end && name_end[1] == ' ' && name_end[2] == 'R';
}

// Nanoseconds that the thread has been on a processor, 0 where the kernel does not tell.
uint64_t time_on_cpu(pid_t tid) {
  char text[256];
  return read_task(tid, "schedstat", text) ? std::strtoull(text, nullptr, 10) : 0;
}

struct Reading {
  pid_t tid;
  uint64_t on_cpu;
};

// The kernel threads that carry, or may be carrying, a hart and that are runnable.
std::vector<Reading> runnable_carriers(Runtime &runtime) {
  // Made large enough beforehand: under the lock of the list nothing may throw. Carriers that come meanwhile are left out.
  size_t count = 0;
  runtime.each_carrier([&](Carrier *) { ++count; });
  std::vector<pid_t> candidates;
  candidates.reserve(count);
  runtime.each_carrier([&](Carrier *carrier) {
    const pid_t tid = carrier->tid.load(std::memory_order_relaxed);
    if (tid == 0) return;
    // A guest without a hart is a thread of the program like any other; a carrier of ours never has a reason to run
    // without one.
    if (carrier->guest && !carrier->hart.load(std::memory_order_relaxed)) return;
    if (candidates.size() < candidates.capacity()) candidates.push_back(tid);
  });
  std::vector<Reading> runnable;
  for (pid_t tid : candidates) {
    if (is_runnable(tid)) runnable.push_back({tid, time_on_cpu(tid)});
  }
  return runnable;
}

// On a loaded machine a thread may wait for a processor in order to go to sleep. It is runnable for long then, but uses no
// time: what counts is that it got on between two readings.
bool has_run_since(const Reading &before, const std::vector<Reading> &now) {
  for (const Reading &reading : now) {
    if (reading.tid == before.tid) return reading.on_cpu == 0 || reading.on_cpu > before.on_cpu;
  }
  return false;
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
    out->context_yields += counters.context_yields.read();
    out->context_exits += counters.context_exits.read();
    out->decisions += counters.decisions.read();
    out->parks += counters.parks.read();
    out->handoffs += counters.handoffs.read();
    out->departures += counters.departures.read();
    out->preemptions += counters.preemptions.read();
  }
  out->grants += current->root().grants();
  out->asked_to_yield = current->monitor().asked();
  out->monitor_looks = current->monitor().looks();
  out->unblocks = current->unblocks.load(std::memory_order_relaxed);
  out->wakes = current->wakes.load(std::memory_order_relaxed);
  out->harts = static_cast<uint32_t>(current->hart_count());
  out->harts_offline = static_cast<uint32_t>(current->root().offline_count());
  out->harts_busy = out->harts - std::min(out->harts, current->root().idle_count() + out->harts_offline);
  out->harts_busy_most = current->root().most_busy();
  out->age_ns = now_ns() - current->started_ns();
  out->carriers = current->carriers.load(std::memory_order_relaxed);
  out->contexts = current->contexts.load(std::memory_order_relaxed);
  out->contexts_pooled = current->pool().count();
  out->guests = current->guests.load(std::memory_order_relaxed);
  // Two sums read at different moments: a scheduler entered in between may be missed, but the difference is not negative.
  out->schedulers = static_cast<uint32_t>(out->schedulers_entered - std::min(left, out->schedulers_entered));
}

int lithe_stats_hart(int number, lithe_hart_stats_t *out) {
  Runtime *current = runtime_if_started();
  if (!current || !out || number < 0 || number >= current->hart_count()) return LITHE_EINVAL;
  const Hart &hart = current->harts()[number];
  const Counters &counters = hart.counters;
  *out = {};
  out->schedulers_entered = counters.schedulers_entered.read();
  out->grants = counters.grants.read();
  out->yields = counters.yields.read();
  out->context_switches = counters.context_switches.read();
  out->blocks = counters.blocks.read();
  out->context_yields = counters.context_yields.read();
  out->context_exits = counters.context_exits.read();
  out->decisions = counters.decisions.read();
  out->parks = counters.parks.read();
  out->handoffs = counters.handoffs.read();
  out->departures = counters.departures.read();
  out->preemptions = counters.preemptions.read();
  out->is_busy = hart.carrier.load(std::memory_order_relaxed) != nullptr;
  return 0;
}

int lithe_stats_oversubscribed(void) try {
  Runtime *current = runtime_if_started();
  if (!current) return 0;
  const size_t harts = static_cast<size_t>(current->hart_count() - current->root().offline_count());
  std::vector<Reading> running = runnable_carriers(*current);
  for (int again = 0; again < 2 && running.size() > harts; ++again) {
    const std::vector<Reading> now = runnable_carriers(*current);
    std::erase_if(running, [&](const Reading &before) { return !has_run_since(before, now); });
    for (Reading &reading : running) {
      reading = *std::find_if(now.begin(), now.end(), [&](const Reading &at) { return at.tid == reading.tid; });
    }
  }
  return running.size() > harts ? static_cast<int>(running.size() - harts) : 0;
} catch (const std::bad_alloc &) {
  return LITHE_ENOMEM;
}

}  // extern "C"
