// What the runtime does beside scheduling: limits, the monitor, preemption, traces, dumps, statistics.
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "testing/faults/scenario.hpp"

namespace harts::testing {
namespace {

void yield(void *) { lithe_context_yield(); }

const Scenario limits("limit: fewer harts and more", Start::warm, [] {
  Shared shared;
  shared.codes.note(lithe_set_harts(1));
  in_contexts(shared, 3, yield);
  shared.codes.note(lithe_set_harts(lithe_hart_count()));
  in_contexts(shared, 3, yield);
  return shared.codes.first();
});

// All that the monitor does: it looks at the limits about once in a second, and first when it begins.
int work_for(uint64_t nanoseconds) {
  static uint64_t end;
  end = lithe_clock_after(nanoseconds);
  Shared shared;
  return in_contexts(shared, 2, [](void *) {
    while (lithe_clock_now() < end) lithe_context_yield();
  });
}
const Scenario monitor("monitor: from the start", Start::cold, [] { return work_for(10'000'000); });

const Scenario preemption("preemption, from the start", Start::cold, [] {
  if (const int code = lithe_preemption_start(2'000'000); code != 0) return code == LITHE_ENOTSUP ? 0 : code;
  static uint64_t end;
  end = lithe_clock_after(10'000'000);
  Shared shared;
  const int code = in_contexts(shared, 3, [](void *) {
    while (lithe_clock_now() < end) {
    }
  });
  lithe_preemption_stop();
  return code;
});

// Blocked calls, which the monitor finds.
const Scenario blocked("monitor: contexts that block in the kernel", Start::warm, [] {
  Shared shared;
  return in_contexts(shared, 3, [](void *) { usleep(8000); });
});

const Scenario trace("trace: record and write", Start::cold, [] {
  if (const int code = lithe_trace_start(1000); code != 0) return code;
  struct Stop {
    ~Stop() { lithe_trace_stop(); }
  } stop;
  Shared shared;
  const int code = in_contexts(shared, 3, yield);
  const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int written = lithe_trace_write(file);
  close(file);
  return code != 0 ? code : written;
});

const Scenario dump("dump", Start::warm, [] {
  const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  Shared shared;
  const int code = in_contexts(shared, 2, yield);
  lithe_dump(file);
  close(file);
  return code;
});

const Scenario dump_signal("dump: on a signal", Start::cold, [] {
  const int code = lithe_dump_on_signal(SIGUSR1);
  if (code == 0) kill(getpid(), SIGUSR1);
  return code;
});

const Scenario offload("offload", Start::cold, [] {
  const int code = lithe_offload_start();
  if (code == LITHE_ENOTSUP) return 0;
  // Later, when harts have been at work, it is refused.
  if (code != 0 && code != LITHE_EBUSY) return code;
  Shared shared;
  return in_contexts(shared, 2, [](void *) { usleep(1000); });
});

const Scenario statistics("statistics", Start::warm, [] {
  Shared shared;
  if (const int code = in_contexts(shared, 2, yield); code != 0) return code;
  lithe_hart_stats_t hart;
  if (const int code = lithe_stats_hart(0, &hart); code != 0) return code;
  const int over = lithe_stats_oversubscribed();
  return over < 0 ? over : 0;
});

const Scenario reads("blocking calls on descriptors", Start::warm, []() -> int {
  struct Pipe : Shared {
    int ends[2];
  } shared;
  if (pipe(shared.ends) != 0) return LITHE_EIO;
  const int code = in_contexts<Pipe>(
      shared, 2,
      [](void *arg) {
        Pipe &mine = *static_cast<Pipe *>(arg);
        char letter;
        ssize_t length;
        do {
          length = lithe_read(mine.ends[0], &letter, 1);
        } while (length < 0);
        if (length != 1) mine.codes.note(LITHE_EIO);
      },
      [](Pipe &mine) {
        for (int i = 0; i < mine.forked; ++i) {
          while (lithe_write(mine.ends[1], "x", 1) != 1) {
          }
        }
      });
  close(shared.ends[0]);
  close(shared.ends[1]);
  return code;
});

}  // namespace
}  // namespace harts::testing
