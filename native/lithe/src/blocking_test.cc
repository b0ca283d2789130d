#include "lithe/blocking.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <doctest/doctest.h>
#include <exception>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

constexpr uint64_t millisecond = 1000000;

struct Pipe {
  int ends[2];
  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int out() const { return ends[0]; }
  int in() const { return ends[1]; }
};

TEST_CASE("blocking: identity, stack and errno are kept from one kernel thread to the next") {
  crowd(16, 2, 2, [&](int i) {
    thread_local int mine;
    mine = i;
    const pthread_t self = pthread_self();
    int on_the_stack = i;
    for (int turn = 0; turn < rounds(50); ++turn) {
      errno = 1000 + i;
      lithe_sched_t *const sched = lithe_sched_self();
      CHECK(lithe_blocking_begin() == 0);
      CHECK(lithe_hart_self() == -1);
      CHECK(lithe_sched_self() == nullptr);
      CHECK(mine == i);
      CHECK(pthread_equal(pthread_self(), self));
      CHECK(errno == 1000 + i);
      if (turn % 8 == 0) usleep(100);
      errno = 2000 + i;
      CHECK(lithe_blocking_end() == 0);
      CHECK(errno == 2000 + i);
      CHECK(mine == i);
      CHECK(on_the_stack == i);
      CHECK(lithe_sched_self() == sched);
      if (sched) CHECK(lithe_hart_self() >= 0);
    }
  });
}

TEST_CASE("blocking: an exception in flight survives, and one thrown inside arrives") {
  each_context(8, [&](int i) {
    try {
      throw i;
    } catch (int caught) {
      CHECK(lithe_blocking_begin() == 0);
      try {
        throw std::string("inside");
      } catch (const std::string &text) {
        CHECK(text == "inside");
      }
      CHECK(lithe_blocking_end() == 0);
      CHECK(caught == i);
      CHECK(std::current_exception() != nullptr);
    }
  });
}

TEST_CASE("blocking: sections nest, and ends without a begin are refused") {
  CHECK(lithe_blocking_call(nullptr, nullptr) == LITHE_EINVAL);
  each_context(1, [](int) {
    CHECK(lithe_blocking_end() == LITHE_EPERM);
    CHECK(lithe_blocking_begin() == 0);
    CHECK(lithe_blocking_begin() == 0);
    CHECK(lithe_blocking_end() == 0);
    CHECK(lithe_hart_self() == -1);
    CHECK(lithe_blocking_end() == 0);
    CHECK(lithe_hart_self() >= 0);
    CHECK(lithe_blocking_end() == LITHE_EPERM);
  });
}

TEST_CASE("blocking: inside a section, synchronisation works as in a plain thread") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  int count = 0;
  const int turns = rounds(100);
  crowd(6, 1, 1, [&](int i) {
    for (int turn = 0; turn < turns; ++turn) {
      const bool away = (turn + i) % 2 == 0;
      if (away) CHECK(lithe_blocking_begin() == 0);
      CHECK(lithe_mutex_lock(&mutex) == 0);
      ++count;
      if (turn % 16 == 0) lithe_sleep(1000);
      CHECK(lithe_mutex_unlock(&mutex) == 0);
      if (away) CHECK(lithe_blocking_end() == 0);
    }
  });
  CHECK(count == 8 * turns);
}

TEST_CASE("blocking: a hundred contexts block at once and one hart works on" * doctest::skip()) {
  std::atomic<int> asleep{100};
  std::atomic<long> worked{0};
  const uint64_t before = lithe_clock_now();
  each_context(101, [&](int i) {
    if (i < 100) {
      lithe_blocking_call([](void *) { usleep(200000); }, nullptr);
      --asleep;
      return;
    }
    while (asleep > 0) {
      ++worked;
      lithe_context_yield();
    }
  });
  const uint64_t took = lithe_clock_now() - before;
  CHECK(took >= 200 * millisecond);
  CHECK(took < 5000 * millisecond);  // one after the other would be 20 s
  CHECK(worked > 0);
}

TEST_CASE("blocking: blocked contexts hold no hart" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("blocking: a hundred contexts block at once and one hart works on", {"HARTS=1"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("blocking: readers and writers of pipes share one hart" * doctest::skip()) {
  // Each writer needs its reader: with a read that kept the hart, nothing would move.
  constexpr int pairs = 8;
  std::vector<Pipe> pipes(pairs);
  const std::string text(200000, 'x');  // more than a pipe holds
  each_context(2 * pairs, [&](int i) {
    const Pipe &pipe = pipes[static_cast<std::size_t>(i % pairs)];
    if (i < pairs) {
      std::size_t got = 0;
      char buffer[4096];
      while (got < text.size()) {
        const ssize_t piece = lithe_read(pipe.out(), buffer, sizeof buffer);
        REQUIRE(piece > 0);
        CHECK(std::count(buffer, buffer + piece, 'x') == piece);
        got += static_cast<std::size_t>(piece);
      }
      CHECK(got == text.size());
    } else {
      CHECK(lithe_write(pipe.in(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
  });
}

TEST_CASE("blocking: reads and writes hold no hart" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("blocking: readers and writers of pipes share one hart", {"HARTS=1"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("blocking: clients and servers on sockets share one hart" * doctest::skip()) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(bind(listener, reinterpret_cast<sockaddr *>(&address), length) == 0);
  REQUIRE(listen(listener, 64) == 0);
  REQUIRE(getsockname(listener, reinterpret_cast<sockaddr *>(&address), &length) == 0);
  constexpr int clients = 8;
  each_context(2 * clients, [&](int i) {
    if (i < clients) {
      const int peer = lithe_accept(listener, nullptr, nullptr, SOCK_CLOEXEC);
      REQUIRE(peer >= 0);
      char question[16];
      CHECK(lithe_recv(peer, question, sizeof question, MSG_WAITALL) == sizeof question);
      CHECK(lithe_send(peer, question, sizeof question, 0) == sizeof question);
      close(peer);
      return;
    }
    const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(lithe_connect(socket_fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
    lithe_context_yield();
    char question[16], answer[16];
    std::memset(question, i, sizeof question);
    CHECK(lithe_send(socket_fd, question, sizeof question, 0) == sizeof question);
    pollfd ready{socket_fd, POLLIN, 0};
    CHECK(lithe_poll(&ready, 1, 60000) == 1);
    CHECK(lithe_recv(socket_fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer);
    CHECK(std::memcmp(question, answer, sizeof answer) == 0);
    close(socket_fd);
  });
  close(listener);
}

TEST_CASE("blocking: socket calls hold no hart" * doctest::test_suite("process")) {
  const Outcome outcome = run_case("blocking: clients and servers on sockets share one hart", {"HARTS=1"});
  CHECK_MESSAGE(outcome.code == 0, outcome.output);
}

TEST_CASE("blocking: results and errno are the system's own") {
  each_context(1, [](int) {
    Pipe pipe;
    char byte;
    errno = 0;
    CHECK(lithe_read(-1, &byte, 1) == -1);
    CHECK(errno == EBADF);
    CHECK(fcntl(pipe.out(), F_SETFL, O_NONBLOCK) == 0);
    CHECK(lithe_read(pipe.out(), &byte, 1) == -1);
    CHECK(errno == EAGAIN);
    errno = 77;
    CHECK(lithe_write(pipe.in(), "a", 1) == 1);
    CHECK(lithe_read(pipe.out(), &byte, 1) == 1);
    CHECK(byte == 'a');
    pollfd nothing{pipe.out(), POLLIN, 0};
    CHECK(lithe_poll(&nothing, 1, 1) == 0);
    CHECK(errno == 77);
    CHECK(lithe_recv(pipe.out(), &byte, 1, 0) == -1);
    CHECK(errno == ENOTSOCK);
  });
}

TEST_CASE("blocking: guests and contexts come and go at random") {
  crowd(12, 3, 1, [&](int i) {
    Random random(static_cast<uint64_t>(i) + 99);
    for (int turn = 0; turn < rounds(200); ++turn) {
      switch (random.below(4)) {
        case 0:
          lithe_context_yield();
          break;
        case 1:
          lithe_sleep(static_cast<uint64_t>(random.below(50)) * 1000);
          break;
        default:
          CHECK(lithe_blocking_begin() == 0);
          if (random.below(4) == 0) usleep(static_cast<useconds_t>(random.below(50)));
          CHECK(lithe_blocking_end() == 0);
      }
    }
  });
}

}  // namespace
