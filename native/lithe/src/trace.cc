#include "trace.h"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "carrier.h"
#include "code_mark.h"
#include "context.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "lithe/trace.h"
#include "park.h"
#include "raw_lock.h"
#include "runtime.h"
#include "trace_ring.h"
#include "trace_write.h"

namespace lithe::core {

std::atomic<TraceRings *> active_trace{nullptr};

namespace {

constexpr size_t least_events = 16;
constexpr int longest_log2 = 24;
constexpr size_t environment_events = 65536;

// Rings are never freed: a writer that has read `active_trace` may be anywhere. There is one set for each length, so all
// together take at most twice what the longest takes, and a recording begins where the rings' heads are (TraceRing::
// base). A straggler of an earlier recording then writes an event that is older than the start, which is left out.
// The rest is under `lock`.
TraceRings *sets[longest_log2 + 1] = {};
TraceRings *recorded = nullptr;  // of the current or the last recording
uint64_t started_at = 0;
uint64_t stopped_at = 0;  // 0: goes on
uint32_t lock = 0;

// The file of HARTS_TRACE, and the process that shall write it.
char *environment_file = nullptr;
pid_t environment_process = 0;

TraceRings *make_rings(int harts, size_t events) {
  const size_t count = static_cast<size_t>(harts) + 1;
  const size_t bytes = TraceRing::bytes_for(events);
  // Pages come into being when they are first written to.
  void *memory =
      mmap(nullptr, count * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  std::unique_ptr<TraceRing[]> rings(new (std::nothrow) TraceRing[count]);
  TraceRings *set = rings ? new (std::nothrow) TraceRings{rings.get(), harts} : nullptr;
  if (!set) {
    munmap(memory, count * bytes);
    return nullptr;
  }
  for (size_t i = 0; i < count; ++i) rings[i].adopt(static_cast<char *>(memory) + i * bytes, events);
  rings.release();
  return set;
}

int start(Runtime &runtime, size_t events) {
  if (events == 0 || events > size_t{1} << longest_log2) return LITHE_EINVAL;
  events = std::bit_ceil(events < least_events ? least_events : events);
  Locked hold(&lock);
  if (is_tracing()) return LITHE_EBUSY;
  TraceRings *&set = sets[std::countr_zero(events)];
  if (!set) set = make_rings(runtime.hart_count(), events);
  if (!set) return LITHE_ENOMEM;
  for (int i = 0; i <= set->harts; ++i) set->rings[i].base = set->rings[i].head();
  recorded = set;
  started_at = now_ns();
  stopped_at = 0;
  active_trace.store(set, std::memory_order_release);
  return 0;
}

TraceRecord make_record(Event what, const lithe_sched_t *sched, const Context *context) {
  TraceRecord record;
  record.time = now_ns();
  record.name = sched ? sched->name : nullptr;
  record.sched = reinterpret_cast<uintptr_t>(sched);
  record.context = reinterpret_cast<uintptr_t>(context);
  record.what = what;
  return record;
}

void record(Event what, const Hart *hart, const lithe_sched_t *sched, const Context *context) {
  // Acquire: the rings were filled in before they were published. They may have been put aside since the flag was read.
  TraceRings *set = active_trace.load(std::memory_order_acquire);
  if (!set) return;
  if (hart) {
    set->rings[hart->number].push_alone(make_record(what, sched, context));
  } else {
    set->rings[set->harts].push_shared(make_record(what, sched, context));
  }
}

// Reads one ring into `out` and returns how many of its events are lost.
uint64_t collect(const TraceRing &ring, int track, std::vector<TrackedRecord> &out) {
  const uint64_t head = ring.head();
  uint64_t lost = 0;
  uint64_t position = ring.base;
  if (const uint64_t oldest = ring.oldest(head); oldest > position) {
    lost = oldest - position;
    position = oldest;
  }
  for (; position < head; ++position) {
    TrackedRecord entry;
    entry.track = track;
    if (!ring.read(position, entry.record)) {
      ++lost;
    } else if (entry.record.time >= started_at) {
      out.push_back(entry);
    }
  }
  return lost;
}

int snapshot(TraceSnapshot &out) {
  Locked hold(&lock);
  if (!recorded) return LITHE_EINVAL;
  out.harts = recorded->harts;
  try {
    for (int i = 0; i <= recorded->harts; ++i) {
      out.lost.push_back(collect(recorded->rings[i], i, out.records));
    }
  } catch (const std::bad_alloc &) {
    return LITHE_ENOMEM;
  }
  out.end = stopped_at != 0 ? stopped_at : now_ns();
  return 0;
}

void write_environment_file() {
  if (!environment_file || getpid() != environment_process) return;
  const int fd = open(environment_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const int code = fd < 0 ? LITHE_EIO : lithe_trace_write(fd);
  if (fd >= 0) close(fd);
  if (code != 0) {
    std::fprintf(stderr, "harts: HARTS_TRACE: %s could not be written: %s\n", environment_file,
                 fd < 0 ? std::strerror(errno) : lithe_strerror(code));
  }
}

// The absolute name, since the process may change its directory, with %p replaced. Null without memory.
char *file_name(const char *pattern) {
  char text[4096];
  size_t length = 0;
  const auto add = [&](const char *piece) {
    const size_t more = std::strlen(piece);
    if (length + more >= sizeof text) return;
    std::memcpy(text + length, piece, more);
    length += more;
  };
  if (pattern[0] != '/' && getcwd(text, sizeof text - 1)) {
    length = std::strlen(text);
    add("/");
  }
  char process[16];
  std::snprintf(process, sizeof process, "%d", static_cast<int>(getpid()));
  for (const char *at = pattern; *at; ++at) {
    const char letter[2] = {*at, '\0'};
    const bool is_process = at[0] == '%' && at[1] == 'p';
    add(is_process ? process : letter);
    if (is_process) ++at;
  }
  return strndup(text, length);
}

}  // namespace

void trace_hart_event(Event what, const Hart *hart, const lithe_sched_t *sched) { record(what, hart, sched, nullptr); }

void trace_context_event(Event what, const Carrier *carrier, const Context *context) {
  record(what, carrier->hart.load(std::memory_order_relaxed), context->sched, context);
}

void trace_unblock(const Context *context) {
  const Context *self = self_pointer;
  const Carrier *carrier = self ? self->carrier : nullptr;
  record(Event::unblock, carrier ? carrier->hart.load(std::memory_order_relaxed) : nullptr, context->sched, context);
}

void trace_follow_environment(Runtime &runtime) {
  const char *pattern = secure_getenv("HARTS_TRACE");
  if (!pattern || !*pattern || environment_file) return;
  const KeepErrno keep;
  char *file = file_name(pattern);
  // At exit nothing happens while `environment_file` is not set.
  const bool is_written = file && std::atexit(write_environment_file) == 0;
  const int code = is_written ? start(runtime, environment_events) : LITHE_ENOMEM;
  if (code != 0) {
    std::fprintf(stderr, "harts: HARTS_TRACE has no effect: %s\n", lithe_strerror(code));
    std::free(file);
    return;
  }
  environment_file = file;
  environment_process = getpid();
}

void trace_forget() {
  active_trace.store(nullptr, std::memory_order_relaxed);
  recorded = nullptr;
  lock = 0;
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" {

int lithe_trace_start(size_t events_per_hart) {
  const RuntimeCode own;
  const KeepErrno keep;
  int code = 0;
  Runtime *current = runtime_start(code);
  return current ? start(*current, events_per_hart) : code;
}

int lithe_trace_stop(void) {
  const RuntimeCode own;
  Locked hold(&lock);
  if (!is_tracing()) return 0;
  active_trace.store(nullptr, std::memory_order_relaxed);
  stopped_at = now_ns();
  return 0;
}

int lithe_trace_write(int fd) {
  const RuntimeCode own;
  const KeepErrno keep;
  TraceSnapshot taken;
  if (const int code = snapshot(taken); code != 0) return code;
  return trace_write(taken, fd);
}

}  // extern "C"
