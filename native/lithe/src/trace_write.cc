#include "trace_write.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <unistd.h>
#include <unordered_map>

#include "lithe/error.h"
#include "runtime.h"
#include "text_out.h"

namespace lithe::core {
namespace {

const char *name_of(Event what) {
  switch (what) {
    case Event::hart_enter:
      return "hart_enter";
    case Event::grant:
      return "grant";
    case Event::yield:
      return "yield";
    case Event::run:
      return "run";
    case Event::block:
      return "block";
    case Event::context_yield:
      return "context_yield";
    case Event::exit:
      return "exit";
    case Event::unblock:
      return "unblock";
    case Event::sched_enter:
      return "sched_enter";
    case Event::sched_exit:
      return "sched_exit";
    case Event::park:
      return "park";
    case Event::wake:
      return "wake";
    case Event::handoff:
      return "handoff";
    case Event::guest_in:
      return "guest_in";
    case Event::guest_out:
      return "guest_out";
  }
  return "?";
}

// How many bytes of `text`, 1 to 4, are one well-formed character of UTF-8; 0 when they are none.
int utf8_length(const unsigned char *text) {
  if (text[0] < 0x80) return 1;
  const int length = text[0] >= 0xf0 && text[0] <= 0xf4 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc2 ? 2 : 0;
  if (length == 0 || text[0] > 0xf4) return 0;
  for (int i = 1; i < length; ++i) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  // Neither overlong, nor half of a surrogate pair, nor beyond the last character.
  if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f)) return 0;
  if ((text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f)) return 0;
  return length;
}

void put_string(TextOut &out, const char *text) {
  out.put('"');
  for (const unsigned char *at = reinterpret_cast<const unsigned char *>(text); *at;) {
    const int length = utf8_length(at);
    if (*at == '"' || *at == '\\') out.put('\\');
    if (*at < 0x20 || length == 0) {
      out.print("\\u%04x", length == 0 ? 0xfffdu : static_cast<unsigned>(*at));
    } else {
      out.put(reinterpret_cast<const char *>(at), static_cast<size_t>(length));
    }
    at += length == 0 ? 1 : length;
  }
  out.put('"');
}

// Writes the events of one snapshot in the order of time. Keeps, for each track, the slice that is open.
class Writer {
 public:
  Writer(TextOut &out, const TraceSnapshot &snapshot)
      : out_(out), snapshot_(snapshot), process_(getpid()), open_(static_cast<size_t>(snapshot.harts) + 1) {}

  void head() {
    out_.print(
        "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"clock\":\"CLOCK_MONOTONIC\",\"harts\":%d,\"lost\":%llu},\n",
        snapshot_.harts, static_cast<unsigned long long>(all_lost()));
    out_.print("\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":%d,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":",
               process_);
    put_string(out_, program_invocation_short_name);
    out_.print("}}");
    for (int track = 0; track <= snapshot_.harts; ++track) {
      out_.print(",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_name\",\"args\":{", process_, track + 1);
      if (track < snapshot_.harts) {
        out_.print("\"name\":\"hart %d (PU %d)\"", track, runtime().harts()[track].place.pu_os);
      } else {
        out_.print("\"name\":\"outside\"");
      }
      out_.print(",\"lost\":%llu}}", static_cast<unsigned long long>(snapshot_.lost[static_cast<size_t>(track)]));
      out_.print(",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%d}}",
                 process_, track + 1, track);
    }
  }

  // `flow` is nonzero for an unblock and the run that it leads to.
  void event(const TrackedRecord &entry, uint64_t flow) {
    const TraceRecord &record = entry.record;
    Slice &open = open_[static_cast<size_t>(entry.track)];
    last_ = std::max(last_, record.time);
    switch (record.what) {
      case Event::run:
      case Event::sched_enter:
      case Event::sched_exit:
      case Event::guest_in:
        if (record.what != Event::run) open.end = record.what;
        close(entry.track, record.time);
        if (record.what == Event::guest_in) instant(entry);
        begin(entry, name(record));
        if (flow != 0) put_flow(entry, 'f', flow);
        break;
      case Event::hart_enter:
        close(entry.track, record.time);
        begin(entry, name_of(Event::hart_enter));
        break;
      case Event::block:
      case Event::context_yield:
      case Event::exit:
        // The slice goes on until the hart does something else: the context is still on its stack, and what it
        // unblocks there (a mutex that it drops) belongs to it.
        open.end = record.what;
        break;
      case Event::unblock:
        if (entry.track == snapshot_.harts) {
          // No slice is open on this track; a flow must begin in one.
          start(entry, 'X');
          out_.print(",\"dur\":0,\"name\":\"unblock\"");
          finish(record);
        } else {
          instant(entry);
        }
        if (flow != 0) put_flow(entry, 's', flow);
        break;
      default:
        close(entry.track, record.time);
        instant(entry);
        break;
    }
  }

  void tail() {
    for (int track = 0; track <= snapshot_.harts; ++track) close(track, std::max(last_, snapshot_.end));
    out_.print("\n]}\n");
  }

 private:
  struct Slice {
    bool is_open = false;
    Event end = Event::run;  // why it is over, if the context said so; else `run`
  };

  static const char *name(const TraceRecord &record) { return record.name ? record.name : "outside"; }

  uint64_t all_lost() const {
    uint64_t sum = 0;
    for (uint64_t lost : snapshot_.lost) sum += lost;
    return sum;
  }

  void start(int track, uint64_t time, char phase) {
    out_.print(",\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%d,\"ts\":%llu.%03u", phase, process_, track + 1,
               static_cast<unsigned long long>(time / 1000), static_cast<unsigned>(time % 1000));
  }
  void start(const TrackedRecord &entry, char phase) { start(entry.track, entry.record.time, phase); }

  void finish(const TraceRecord &record) {
    out_.print(",\"cat\":");
    put_string(out_, name(record));
    out_.print(",\"args\":{\"sched\":\"%#llx\"", static_cast<unsigned long long>(record.sched));
    if (record.context != 0) out_.print(",\"context\":\"%#llx\"", static_cast<unsigned long long>(record.context));
    out_.print("}}");
  }

  void begin(const TrackedRecord &entry, const char *title) {
    start(entry, 'B');
    out_.print(",\"name\":");
    put_string(out_, title);
    finish(entry.record);
    open_[static_cast<size_t>(entry.track)] = {true, Event::run};
  }

  void close(int track, uint64_t time) {
    Slice &open = open_[static_cast<size_t>(track)];
    if (open.is_open) {
      start(track, time, 'E');
      if (open.end != Event::run) out_.print(",\"args\":{\"end\":\"%s\"}", name_of(open.end));
      out_.put('}');
    }
    open = {};
  }

  void instant(const TrackedRecord &entry) {
    start(entry, 'i');
    out_.print(",\"s\":\"t\",\"name\":\"%s\"", name_of(entry.record.what));
    finish(entry.record);
  }

  void put_flow(const TrackedRecord &entry, char phase, uint64_t flow) {
    start(entry, phase);
    out_.print(",\"name\":\"unblock\",\"cat\":\"unblock\",\"id\":%llu%s}", static_cast<unsigned long long>(flow),
               phase == 'f' ? ",\"bp\":\"e\"" : "");
  }

  TextOut &out_;
  const TraceSnapshot &snapshot_;
  int process_;
  std::vector<Slice> open_;
  uint64_t last_ = 0;
};

// Numbers each unblock and the next run of the same context alike; 0 for all other records.
std::vector<uint64_t> flows_of(const std::vector<TrackedRecord> &records) {
  std::vector<uint64_t> flows(records.size());
  std::unordered_map<uintptr_t, size_t> waiting;
  uint64_t last = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const TraceRecord &record = records[i].record;
    if (record.what == Event::unblock) {
      waiting[record.context] = i;
    } else if (record.what == Event::run) {
      const auto found = waiting.find(record.context);
      if (found == waiting.end()) continue;
      flows[found->second] = flows[i] = ++last;
      waiting.erase(found);
    }
  }
  return flows;
}

}  // namespace

int trace_write(TraceSnapshot &snapshot, int fd) {
  try {
    // Stable: events of one hart stay in their order when the clock stands still.
    std::stable_sort(snapshot.records.begin(), snapshot.records.end(),
                     [](const TrackedRecord &a, const TrackedRecord &b) { return a.record.time < b.record.time; });
    const std::vector<uint64_t> flows = flows_of(snapshot.records);
    TextOut out(fd);
    Writer writer(out, snapshot);
    writer.head();
    for (size_t i = 0; i < snapshot.records.size(); ++i) writer.event(snapshot.records[i], flows[i]);
    writer.tail();
    return out.flush() ? 0 : LITHE_EIO;
  } catch (const std::bad_alloc &) {
    return LITHE_ENOMEM;
  }
}

}  // namespace lithe::core
