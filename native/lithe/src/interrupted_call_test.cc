#include "interrupted_call.h"

#include <atomic>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

using namespace lithe::core;

namespace {

TEST_CASE("interrupted call: reads what the kernel says of a blocked thread") {
  BlockedCall call;
  REQUIRE(
      parse_blocked_call("230 0x1 0x2 0x7f9a5c7e6ab0 0x0 0xff 0x7f9a5d54e6e8 0x7f9a5c7e6a70 0x7f9a5ceed545\n", call));
  CHECK(call.number == 230);
  CHECK(call.arguments[0] == 1);
  CHECK(call.arguments[2] == 0x7f9a5c7e6ab0);
  CHECK(call.arguments[4] == 0xff);
  CHECK(call.arguments[5] == 0x7f9a5d54e6e8);
  CHECK(call.sp == 0x7f9a5c7e6a70);
  CHECK(call.pc == 0x7f9a5ceed545);
}

TEST_CASE("interrupted call: a thread that runs, or waits for a page, is in no call") {
  BlockedCall call;
  for (const char *text : {"", "running\n", "-1 0x7f9a5c7e6a70 0x7f9a5ceed545\n", "230 0x1 0x2\n", "230\n"}) {
    CHECK_MESSAGE(!parse_blocked_call(text, call), text);
  }
}

TEST_CASE("interrupted call: finds a blocked thread's call, and none of a thread that has gone") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::atomic<pid_t> tid{0};
  std::thread reader([&] {
    tid = static_cast<pid_t>(syscall(SYS_gettid));
    char byte;
    CHECK(read(ends[0], &byte, 1) == 1);
  });
  while (tid == 0) std::this_thread::yield();
  BlockedCall call;
  // Not offered by every kernel, nor by an emulator.
  bool is_offered = false;
  for (int turn = 0; turn < 200 && !is_offered; ++turn) {
    is_offered = read_blocked_call(tid, call) && call.number == SYS_read;
    if (!is_offered) usleep(1000);
  }
  if (is_offered) CHECK(call.arguments[0] == static_cast<unsigned long>(ends[0]));
  REQUIRE(write(ends[1], "x", 1) == 1);
  reader.join();
  CHECK(!read_blocked_call(tid, call));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
