#include "lithe/trace.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"
#include "trace_ring.h"

using namespace harts::testing;

namespace {

// The text of lithe_trace_write, through a file in memory.
std::string written_trace() {
  const int fd = memfd_create("trace", MFD_CLOEXEC);
  REQUIRE(fd >= 0);
  REQUIRE(lithe_trace_write(fd) == 0);
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  REQUIRE(pread(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  close(fd);
  return text;
}

// The value of a member in a line of JSON, as far as the writer's own format goes; "" when it is not there.
std::string member(const std::string &line, const std::string &name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t at = line.find(key);
  if (at == std::string::npos) return "";
  const std::size_t from = at + key.size() + (line[at + key.size()] == '"');
  return line.substr(from, line.find_first_of("\",}", from) - from);
}

// What a trace says, with all that is wrong with its form. The test of the JSON itself is in test/runtime/trace.test.ts.
struct Reading {
  std::map<std::string, int> slices;  // by name
  std::map<std::string, int> ends;    // by the reason given
  std::map<std::string, int> instants;
  std::map<std::string, int> flows;  // by id: 1 begun, 2 begun and ended
  long lost = -1;
  int events = 0;
  std::vector<std::string> wrong;
};

Reading read_trace(const std::string &text) {
  Reading reading;
  std::map<std::string, double> last;
  std::map<std::string, int> open;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string phase = member(line, "ph"), track = member(line, "tid"), name = member(line, "name");
    if (!member(line, "lost").empty() && phase.empty()) reading.lost = std::stol(member(line, "lost"));
    if (phase.empty() || phase == "M") continue;
    ++reading.events;
    const double time = std::stod(member(line, "ts"));
    if (time < last[track]) reading.wrong.push_back("back in time: " + line);
    last[track] = time;
    if (phase == "B" && ++open[track] > 1) reading.wrong.push_back("two at a time: " + line);
    if (phase == "E" && --open[track] < 0) reading.wrong.push_back("ends nothing: " + line);
    if (phase == "B") ++reading.slices[name];
    if (phase == "E") ++reading.ends[member(line, "end")];
    if (phase == "i" || phase == "X") ++reading.instants[name];
    if (phase == "s" && ++reading.flows[member(line, "id")] != 1) reading.wrong.push_back("begun before: " + line);
    if (phase == "f" && ++reading.flows[member(line, "id")] != 2) reading.wrong.push_back("from nowhere: " + line);
  }
  for (const auto &[track, count] : open) {
    if (count != 0) reading.wrong.push_back("open at the end: track " + track);
  }
  if (text.substr(0, 1) != "{" || text.substr(text.size() - 4) != "\n]}\n") reading.wrong.push_back("not whole");
  return reading;
}

void check_form(const Reading &reading) {
  CHECK_MESSAGE(reading.wrong.empty(), reading.wrong.size(), " times, first ", reading.wrong.front());
}

const auto unblock_at_once = [](lithe_context_t *self, void *) { lithe_context_unblock(self); };

TEST_CASE("trace: shows which scheduler's contexts ran, and why they left") {
  REQUIRE(lithe_trace_start(1 << 12) == 0);
  Shuffle outer(1, "trace outer");
  outer.enter();
  each_in(outer, 2, [&](int) {
    lithe_context_yield();
    harts::ForkJoin inner("trace inner");
    inner.enter();
    inner.fork([](void *) { lithe_context_block(unblock_at_once, nullptr); }, nullptr);
    inner.join();
    inner.exit();
  });
  outer.exit();
  REQUIRE(lithe_trace_stop() == 0);
  const Reading reading = read_trace(written_trace());
  check_form(reading);
  CHECK(reading.lost == 0);
  CHECK(reading.slices.at("trace outer") >= 2 * 2);
  CHECK(reading.slices.at("trace inner") >= 2 * 2);
  CHECK(reading.slices.at("hart_enter") >= 4);
  CHECK(reading.ends.at("exit") == 2 + 2);
  CHECK(reading.ends.at("context_yield") == 2);
  CHECK(reading.ends.at("block") >= 2);
  CHECK(reading.ends.at("sched_enter") == 1 + 2);
  CHECK(reading.ends.at("sched_exit") == 1 + 2);
  CHECK(reading.instants.at("unblock") >= 2 + 2);
  CHECK(reading.instants.at("guest_in") == 1);
  CHECK(reading.instants.at("guest_out") == 1);
  CHECK(reading.flows.size() >= 2);
}

TEST_CASE("trace: what a plain thread unblocks is on the track of those outside, and leads to the hart") {
  REQUIRE(lithe_trace_start(1 << 10) == 0);
  Shuffle scheduler(1, "trace woken");
  scheduler.enter();
  std::atomic<lithe_context_t *> sleeper{nullptr};
  std::thread waker([&] {
    while (!sleeper.load()) std::this_thread::yield();
    lithe_context_unblock(sleeper.load());
  });
  lithe_context_block(
      [](lithe_context_t *self, void *slot) { static_cast<std::atomic<lithe_context_t *> *>(slot)->store(self); },
      &sleeper);
  waker.join();
  scheduler.exit();
  lithe_trace_stop();
  const std::string text = written_trace();
  check_form(read_trace(text));
  const std::string outside = "\"tid\":" + std::to_string(lithe_hart_count() + 1) + ",";
  std::string begun;
  bool is_ended = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (member(line, "ph") == "s" && line.find(outside) != std::string::npos) begun = member(line, "id");
    if (member(line, "ph") == "f" && member(line, "id") == begun) {
      is_ended = line.find(outside) == std::string::npos;
    }
  }
  CHECK_MESSAGE(!begun.empty(), text);
  CHECK_MESSAGE(is_ended, text);
}

TEST_CASE("trace: a full ring keeps the newest events and counts the others") {
  REQUIRE(lithe_trace_start(1) == 0);  // rounded up to 16
  Shuffle scheduler(1, "trace full");
  scheduler.enter();
  for (int i = 0; i < 1000; ++i) lithe_context_yield();
  lithe_trace_stop();
  scheduler.exit();
  const Reading reading = read_trace(written_trace());
  check_form(reading);
  CHECK(reading.lost >= 3000 - 16);
  CHECK(reading.ends.at("context_yield") >= 1);
  CHECK(reading.ends.at("context_yield") <= 16);
}

TEST_CASE("trace: starting again forgets; stopping keeps; both say when they cannot") {
  CHECK(lithe_trace_start(0) == LITHE_EINVAL);
  CHECK(lithe_trace_start((std::size_t{1} << 24) + 1) == LITHE_EINVAL);
  REQUIRE(lithe_trace_start(64) == 0);
  CHECK(lithe_trace_start(64) == LITHE_EBUSY);
  {
    Shuffle scheduler(1, "trace first");
    scheduler.enter();
    scheduler.exit();
  }
  CHECK(lithe_trace_stop() == 0);
  CHECK(lithe_trace_stop() == 0);
  CHECK(written_trace().find("trace first") != std::string::npos);
  CHECK(written_trace().find("trace first") != std::string::npos);
  {
    Shuffle scheduler(1, "trace between");
    scheduler.enter();
    scheduler.exit();
  }
  CHECK(written_trace().find("trace between") == std::string::npos);
  REQUIRE(lithe_trace_start(64) == 0);
  lithe_trace_stop();
  CHECK(written_trace().find("trace first") == std::string::npos);
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  CHECK(lithe_trace_write(full) == LITHE_EIO);
  close(full);
  CHECK(lithe_trace_write(-1) == LITHE_EIO);
}

TEST_CASE("trace: a name with quotes, control characters and broken UTF-8 is still a string") {
  REQUIRE(lithe_trace_start(64) == 0);
  Shuffle scheduler(1, "a \"b\\ \n \xc3\xa9 \xff \xed\xa0\x80");
  scheduler.enter();
  scheduler.exit();
  lithe_trace_stop();
  CHECK(written_trace().find("\"a \\\"b\\\\ \\u000a \xc3\xa9 \\ufffd \\ufffd\\ufffd\\ufffd\"") != std::string::npos);
}

// The seeded case: contexts migrate, block and are unblocked by one another and by plain threads while another thread
// writes the trace again and again, and starts it anew. Rings are so short that they are overwritten while they are read.
void busy_trace(uint64_t seed) {
  constexpr int contexts = 12;
  std::atomic<bool> over{false};
  std::atomic<int> written{0};
  std::vector<std::string> wrong;
  lithe_trace_start(64);
  std::thread reader([&] {
    Random random(seed);
    // At least three, however soon the others are done.
    for (int turn = 0; turn < 3 || !over; ++turn) {
      const Reading reading = read_trace(written_trace());
      wrong.insert(wrong.end(), reading.wrong.begin(), reading.wrong.end());
      ++written;
      if (random.below(4) == 0) {
        lithe_trace_stop();
        if (lithe_trace_start(std::size_t{16} << random.below(6)) != 0) wrong.push_back("not started again");
      }
    }
  });
  Shuffle scheduler(seed, "trace busy");
  scheduler.enter();
  lithe_semaphore_t baton;
  lithe_semaphore_init(&baton, 3);
  std::atomic<int> sleeping{0};
  std::thread stranger([&] {
    while (!over) {
      lithe_semaphore_wait(&baton);
      std::this_thread::yield();
      lithe_semaphore_post(&baton);
    }
  });
  each_in(scheduler, contexts, [&](int i) {
    Random random(seed + static_cast<uint64_t>(i));
    for (int turn = 0; turn < rounds(400); ++turn) {
      switch (random.below(4)) {
        case 0:
          lithe_context_yield();
          break;
        case 1:
          lithe_context_block(unblock_at_once, nullptr);
          break;
        case 2:
          lithe_semaphore_wait(&baton);
          lithe_context_yield();
          lithe_semaphore_post(&baton);
          break;
        default:
          if (random.below(8) == 0) each_context(2, [](int) { lithe_context_yield(); });
          break;
      }
    }
  });
  over = true;
  stranger.join();
  scheduler.exit();
  reader.join();
  lithe_trace_stop();
  CHECK(written >= 3);
  CHECK_MESSAGE(wrong.empty(), wrong.size(), " times, first ", wrong.empty() ? "" : wrong.front());
}

TEST_CASE("trace: is whole while harts write it and another thread reads and restarts it") {
  for (uint64_t seed = 1; seed <= 3; ++seed) busy_trace(seed);
}

TEST_CASE("trace: the same on virtual harts and under stress" * doctest::test_suite("process")) {
  for (const char *stress : {"LITHE_STRESS=0", "LITHE_STRESS=7"}) {
    const Outcome outcome = run_case("trace: is whole while harts write it and another thread reads and restarts it",
                                     {"HARTS_VIRTUAL=6", stress});
    CHECK_MESSAGE(outcome.code == 0, outcome.output);
  }
}

using lithe::core::Event;
using lithe::core::TraceRecord;
using lithe::core::TraceRing;

// A ring of eight, for many writers or for one.
struct SmallRing {
  static constexpr std::size_t capacity = 8;
  explicit SmallRing(bool shared) : is_shared(shared) { ring.adopt(memory, capacity); }
  // The same number in each field: a torn record has two.
  void push(uint64_t value) {
    const TraceRecord record{value, reinterpret_cast<const char *>(value), value, value,
                             static_cast<Event>(value % 15)};
    is_shared ? ring.push_shared(record) : ring.push_alone(record);
  }
  static bool is_torn(const TraceRecord &got) {
    return got.sched != got.time || got.context != got.time || reinterpret_cast<uint64_t>(got.name) != got.time ||
           static_cast<uint64_t>(got.what) != got.time % 15;
  }

  alignas(64) unsigned char memory[TraceRing::bytes_for(capacity)] = {};
  TraceRing ring;
  bool is_shared;
};

TEST_CASE("trace: an event that is overwritten while it is being read is left out") {
  for (const bool shared : {false, true}) {
    SmallRing small(shared);
    for (uint64_t value = 0; value < 8; ++value) small.push(value);
    TraceRecord got;
    for (uint64_t at = 0; at < 8; ++at) {
      CHECK(small.ring.read(at, got));
      CHECK(got.time == at);
      CHECK_FALSE(SmallRing::is_torn(got));
    }
    CHECK_FALSE(small.ring.read(8, got));
    // Others are written meanwhile, up to the slot before; then this one too.
    CHECK(small.ring.read(7, got, [&] {
      for (uint64_t value = 8; value < 15; ++value) small.push(value);
    }));
    CHECK_FALSE(SmallRing::is_torn(got));
    CHECK_FALSE(small.ring.read(7, got, [&] { small.push(15); }));
    CHECK_FALSE(small.ring.read(7, got));
    CHECK(small.ring.read(15, got));
    CHECK(small.ring.oldest(small.ring.head()) == 8);
  }
}

TEST_CASE("trace: a reader never sees half of one event and half of another") {
  for (const bool shared : {false, true}) {
    SmallRing small(shared);
    std::atomic<bool> over{false};
    std::vector<std::thread> writers;
    for (uint64_t writer = 0; writer < (shared ? 3 : 1); ++writer) {
      writers.emplace_back([&, writer] {
        for (uint64_t i = 0; !over; ++i) {
          small.push(i * 4 + writer);
          if (i % 7 == 0) std::this_thread::yield();  // now and then a slot stays as it is for a while
        }
      });
    }
    long read = 0, torn = 0;
    for (int pass = 0; pass < rounds(20000) || read == 0; ++pass) {
      const uint64_t head = small.ring.head();
      for (uint64_t at = small.ring.oldest(head); at < head; ++at) {
        TraceRecord got;
        if (!small.ring.read(at, got, [&] {
              if (at % 5 == 0) std::this_thread::yield();
            }))
          continue;
        ++read;
        torn += SmallRing::is_torn(got);
      }
    }
    over = true;
    for (std::thread &writer : writers) writer.join();
    CHECK(torn == 0);
  }
}

TEST_CASE("trace child: work and an exit" * doctest::skip()) {
  each_context(4, [](int) { lithe_context_yield(); });
  if (std::getenv("LITHE_TEST_QUICK")) _exit(0);
}

TEST_CASE("trace: HARTS_TRACE writes a file when the process exits, and none when it is cut short" *
          doctest::test_suite("process")) {
  char directory[] = "/tmp/harts-trace-XXXXXX";
  REQUIRE(mkdtemp(directory));
  const std::string pattern = std::string(directory) + "/%p.json";
  const Outcome outcome = run_case("trace child: work and an exit", {"HARTS_TRACE=" + pattern});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
  const Outcome quick = run_case("trace child: work and an exit", {"HARTS_TRACE=" + pattern, "LITHE_TEST_QUICK=1"});
  CHECK_MESSAGE(quick.code == 0, quick.output);
  const Outcome nowhere = run_case("trace child: work and an exit", {"HARTS_TRACE=/nowhere/at/all.json"});
  CHECK_MESSAGE(nowhere.code == 0, nowhere.output);
  CHECK(nowhere.says("harts: HARTS_TRACE: /nowhere/at/all.json could not be written: No such file or directory"));
  const std::string listing = std::string("ls ") + directory;
  FILE *names = popen(listing.c_str(), "r");
  REQUIRE(names);
  char name[256] = "";
  int files = 0;
  std::string path;
  while (std::fgets(name, sizeof name, names)) {
    ++files;
    name[std::strcspn(name, "\n")] = '\0';
    path = std::string(directory) + "/" + name;
  }
  pclose(names);
  REQUIRE(files == 1);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  check_form(read_trace(text.str()));
  CHECK(read_trace(text.str()).slices.count("shuffle") == 1);
  unlink(path.c_str());
  rmdir(directory);
}

}  // namespace
