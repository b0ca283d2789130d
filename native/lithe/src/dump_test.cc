#include <algorithm>
#include <atomic>
#include <cstring>
#include <doctest/doctest.h>
#include <memory>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "peek.h"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

// With a name that the dynamic linker knows: the test program is linked with -rdynamic.
extern "C" __attribute__((visibility("default"))) void dump_test_entry_point(void *baton) {
  lithe_semaphore_wait(static_cast<lithe_semaphore_t *>(baton));
}

namespace {

std::string dump() {
  const int fd = memfd_create("dump", MFD_CLOEXEC);
  REQUIRE(fd >= 0);
  lithe_dump(fd);
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  REQUIRE(pread(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  close(fd);
  return text;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The first line that contains `text`, and how far it is indented; -1 when there is none.
struct Found {
  int line = -1;
  int indent = -1;
};
Found find(const std::vector<std::string> &lines, const std::string &text) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find(text) == std::string::npos) continue;
    return {static_cast<int>(i), static_cast<int>(lines[i].find_first_not_of(' '))};
  }
  return {};
}

TEST_CASE("dump: the tree has children of children, each with its contexts below it") {
  lithe_semaphore_t never;
  lithe_semaphore_init(&never, 0);
  Shuffle top(1, "dump top");
  top.enter();
  std::string text;
  each_in(top, 1, [&](int) {
    Shuffle middle(2, "dump middle");
    middle.enter();
    each_in(middle, 1, [&](int) {
      Shuffle bottom(3, "dump bottom");
      bottom.enter();
      lithe_stats_t stats, first;
      lithe_stats_get(&first);
      bottom.fork(dump_test_entry_point, &never);
      do {
        lithe_context_yield();
        lithe_stats_get(&stats);
      } while (stats.blocks == first.blocks);
      text = dump();
      lithe_semaphore_post(&never);
      bottom.join();
      bottom.exit();
    });
    middle.exit();
  });
  top.exit();
  INFO(text);
  const std::vector<std::string> lines = lines_of(text);
  const Found found[] = {find(lines, "scheduler root "), find(lines, "scheduler dump top 0x"),
                         find(lines, "scheduler dump middle 0x"), find(lines, "scheduler dump bottom 0x")};
  for (int i = 1; i < 4; ++i) {
    CHECK(found[i].line > found[i - 1].line);
    CHECK(found[i].indent == found[i - 1].indent + 2);
    CHECK(lines[static_cast<std::size_t>(found[i].line)].find("harts ") != std::string::npos);
    CHECK(lines[static_cast<std::size_t>(found[i].line)].find("demand ") != std::string::npos);
    // Each appears once.
    const std::string &name = lines[static_cast<std::size_t>(found[i].line)];
    CHECK(std::count(lines.begin(), lines.end(), name) == 1);
  }
  char start[32];
  std::snprintf(start, sizeof start, "start %p", reinterpret_cast<void *>(dump_test_entry_point));
  const Found blocked = find(lines, std::string("donor blocked ") + start);
  CHECK(blocked.line > found[3].line);
  CHECK(blocked.indent == found[3].indent + 2);
  CHECK(find(lines, std::string(start) + ": dump_test_entry_point in lithe_test").line > blocked.line);
  // The context that entered the bottom runs, and is below it; the guest is below its scheduler, with its thread.
  CHECK(find(lines, "donor running on hart ").line > found[3].line);
  const Found guest = find(lines, "guest blocked thread " + std::to_string(syscall(SYS_gettid)));
  CHECK(guest.line > found[1].line);
  CHECK(guest.line < found[2].line);
}

TEST_CASE("dump: memory that is not there is not read") {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  char *memory =
      static_cast<char *>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(memory != MAP_FAILED);
  munmap(memory + page, page);
  std::memcpy(memory + page - 3, "ab\n", 3);  // no end before the hole
  char text[16];
  CHECK_FALSE(lithe::core::peek(text, memory + page - 1, 2));
  CHECK_FALSE(lithe::core::peek(text, nullptr, 1));
  CHECK(lithe::core::peek(text, memory + page - 3, 3));
  lithe::core::peek_text(text, sizeof text, memory + page - 3);
  CHECK(std::string(text) == "ab??");
  lithe::core::peek_text(text, sizeof text, nullptr);
  CHECK(std::string(text) == "?");
  lithe::core::peek_text(text, 4, "a long name");
  CHECK(std::string(text) == "a l");
  munmap(memory, page);
}

TEST_CASE("dump: more schedulers and deeper nests than it has room for are cut") {
  constexpr int depth = 40;
  std::vector<std::unique_ptr<Shuffle>> nest;
  for (int i = 0; i < depth; ++i) {
    nest.push_back(std::make_unique<Shuffle>(1, "dump nest"));
    nest.back()->enter();
  }
  const std::string deep = dump();
  for (int i = depth; i-- > 0;) nest[static_cast<std::size_t>(i)]->exit();
  CHECK(deep.find("hart 0") != std::string::npos);
  std::string wide;
  Shuffle top(1, "dump wide");
  top.enter();
  std::atomic<int> inside{0};
  constexpr int width = 140;
  lithe_semaphore_t is_dumped;
  lithe_semaphore_init(&is_dumped, 0);
  each_in(top, width, [&](int) {
    Shuffle inner(1, "dump leaf");
    inner.enter();
    if (++inside == width) {
      wide = dump();
      for (int i = 0; i < width; ++i) lithe_semaphore_post(&is_dumped);
    }
    lithe_semaphore_wait(&is_dumped);
    inner.exit();
  });
  top.exit();
  CHECK(wide.find("more schedulers than a dump has room for") != std::string::npos);
}

TEST_CASE("dump: while schedulers come and go") {
  std::atomic<bool> over{false};
  std::thread reader([&] {
    for (int turn = 0; turn < 3 || !over; ++turn) {
      const std::string text = dump();
      if (text.find("lithe: ") != 0 || text.back() != '\n') FAIL_CHECK(text);
    }
  });
  for (int turn = 0; turn < rounds(300); ++turn) {
    each_context(3, [](int) { each_context(2, [](int) { lithe_context_yield(); }); });
  }
  over = true;
  reader.join();
}

}  // namespace
