#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

// Each case is a process of its own, with one hart unless it says otherwise: what the monitor must do, nobody else can do
// there, so a case that ends has shown it.

namespace {

constexpr uint64_t millisecond = 1'000'000;

// Builds with a sanitizer have no monitor; an emulator does not say what its threads are blocked in.
const bool is_offered = !sanitized && !on_slow_machine();

lithe_stats_t stats() {
  lithe_stats_t now;
  lithe_stats_get(&now);
  return now;
}

struct Pipe {
  int ends[2];
  Pipe() { REQUIRE(pipe(ends) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
};

TEST_CASE("monitor: a read that blocks holds no hart" * doctest::skip()) {
  Pipe pipe;
  each_context(2, [&](int i) {
    thread_local int mine;
    mine = i;
    if (i == 0) {
      char bytes[4] = {};
      errno = 1234;
      CHECK(read(pipe.ends[0], bytes, sizeof bytes) == 3);
      CHECK(errno == 1234);
      CHECK(std::strcmp(bytes, "abc") == 0);
      CHECK(lithe_hart_self() == 0);  // the only one: it has come back
    } else {
      while (stats().departures == 0) lithe_context_yield();
      CHECK(lithe_hart_self() == 0);
      CHECK(write(pipe.ends[1], "abc", 3) == 3);
    }
    CHECK(mine == i);
  });
  CHECK(stats().departures >= 1);
}

TEST_CASE("monitor: no call fails or ends early because its hart was taken" * doctest::skip()) {
  constexpr uint64_t length = 30 * millisecond;
  Pipe pipe;
  const int epoll = epoll_create1(0);
  REQUIRE(epoll >= 0);
  sem_t never;
  REQUIRE(sem_init(&never, 0, 0) == 0);
  const std::vector<std::function<void()>> sleepers = {
      [&] { CHECK(usleep(30'000) == 0); },
      [&] {
        const timespec asked{0, 30'000'000};
        timespec left{0, 0};
        CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &asked, &left) == 0);
      },
      [&] {
        timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += 30'000'000;
        if (until.tv_nsec >= 1'000'000'000) ++until.tv_sec, until.tv_nsec -= 1'000'000'000;
        CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == 0);
      },
      [&] {
        pollfd one{pipe.ends[0], POLLIN, 0};
        CHECK(poll(&one, 1, 30) == 0);
      },
      [&] {
        pollfd one{pipe.ends[0], POLLIN, 0};
        const timespec asked{0, 30'000'000};
        CHECK(ppoll(&one, 1, &asked, nullptr) == 0);
      },
      [&] {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(pipe.ends[0], &set);
        timeval asked{0, 30'000};
        CHECK(select(pipe.ends[0] + 1, &set, nullptr, nullptr, &asked) == 0);
      },
      [&] {
        epoll_event event;
        CHECK(epoll_wait(epoll, &event, 1, 30) == 0);
      },
      [&] {
        timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 30'000'000;
        if (until.tv_nsec >= 1'000'000'000) ++until.tv_sec, until.tv_nsec -= 1'000'000'000;
        CHECK(sem_timedwait(&never, &until) == -1);
        CHECK(errno == ETIMEDOUT);
      },
      [&] {
        sigset_t none;
        sigemptyset(&none);
        sigaddset(&none, SIGUSR2);
        const timespec asked{0, 30'000'000};
        CHECK(sigtimedwait(&none, nullptr, &asked) == -1);
        CHECK(errno == EAGAIN);
      },
      [&] {
        static uint32_t word = 0;
        const timespec asked{0, 30'000'000};
        CHECK(syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &asked, nullptr, 0) == -1);
        CHECK(errno == ETIMEDOUT);
      },
  };
  each_context(static_cast<int>(sleepers.size()), [&](int i) {
    const uint64_t begin = lithe_clock_now();
    sleepers[static_cast<std::size_t>(i)]();
    CHECK_MESSAGE(lithe_clock_now() - begin >= length - millisecond, "sleeper ", i);  // poll counts in milliseconds
  });
  CHECK(stats().departures >= sleepers.size() / 2);
  sem_destroy(&never);
  close(epoll);
}

TEST_CASE("monitor: sockets and locks and children and threads are waited for without a hart" * doctest::skip()) {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  std::mutex mutex;
  std::atomic<bool> is_locked{false};
  std::atomic<int> waiting{0};
  each_context(5, [&](int i) {
    ++waiting;
    if (i == 0) {
      char byte = 0;
      CHECK(recv(ends[0], &byte, 1, 0) == 1);
      CHECK(byte == 'r');
    } else if (i == 1) {
      while (!is_locked) lithe_context_yield();
      const std::lock_guard hold(mutex);
    } else if (i == 2) {
      const pid_t child = fork();
      if (child == 0) {
        usleep(20'000);
        _exit(7);
      }
      int status = 0;
      CHECK(waitpid(child, &status, 0) == child);
      CHECK(WEXITSTATUS(status) == 7);
    } else if (i == 3) {
      std::thread([] { usleep(20'000); }).join();
    } else {
      mutex.lock();
      is_locked = true;
      while (waiting < 5 || stats().departures < 4) lithe_context_yield();
      mutex.unlock();
      CHECK(send(ends[1], "r", 1, 0) == 1);
    }
  });
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("monitor: a guest that blocks holds no hart" * doctest::skip()) {
  Pipe pipe;
  std::atomic<bool> is_inside{false};
  std::thread guest([&] {
    Shuffle scheduler(7, "guest");
    scheduler.enter();
    is_inside = true;
    char byte = 0;
    CHECK(read(pipe.ends[0], &byte, 1) == 1);
    CHECK(lithe_hart_self() == 0);
    CHECK(lithe_sched_self() == scheduler.c());
    scheduler.exit();
  });
  while (!is_inside) std::this_thread::yield();
  each_context(1, [&](int) { CHECK(write(pipe.ends[1], "x", 1) == 1); });
  guest.join();
}

TEST_CASE("monitor: a context that computes is asked to yield and keeps its hart" * doctest::skip()) {
  std::atomic<bool> has_run{false};
  each_context(2, [&](int i) {
    if (i == 1 || has_run.exchange(true)) return;
    CHECK(lithe_context_should_yield() == 0);
    while (lithe_context_should_yield() == 0) {
    }
    lithe_context_yield();
    CHECK(lithe_context_should_yield() == 0);
  });
  CHECK(stats().asked_to_yield >= 1);
  CHECK(stats().preemptions == 0);
}

TEST_CASE("monitor: a context that spins is switched out" * doctest::skip()) {
  REQUIRE(lithe_preemption_start(2 * millisecond) == 0);
  // In any order: who comes first spins until the other has been there.
  std::atomic<int> arrived{0};
  each_context(2, [&](int i) {
    thread_local int mine;
    mine = i;
    errno = 100 + i;
    ++arrived;
    while (arrived < 2) {
    }
    CHECK(errno == 100 + i);
    CHECK(mine == i);
    CHECK(lithe_hart_self() == 0);
  });
  CHECK(stats().preemptions >= 1);
}

// What a context computes while it is switched out again and again, in registers of every kind.
double crunch(int seed, const std::atomic<bool> &stop, uint64_t &turns) {
  double a = seed, b = 1, c = 0.5;
  long long x = seed;
  for (turns = 0; !stop.load(std::memory_order_relaxed); ++turns) {
    a = std::fma(a, 0.999999, b);
    b = b * 1.0000001 + c;
    c = c > 2 ? c - 1.5 : c + 1e-7;
    x = x * 6364136223846793005LL + 1442695040888963407LL;
    if (b > 1e6) b = 1;
  }
  return a + b + c + static_cast<double>(x >> 11);
}

double crunch_again(int seed, uint64_t turns) {
  double a = seed, b = 1, c = 0.5;
  long long x = seed;
  for (uint64_t i = 0; i < turns; ++i) {
    a = std::fma(a, 0.999999, b);
    b = b * 1.0000001 + c;
    c = c > 2 ? c - 1.5 : c + 1e-7;
    x = x * 6364136223846793005LL + 1442695040888963407LL;
    if (b > 1e6) b = 1;
  }
  return a + b + c + static_cast<double>(x >> 11);
}

TEST_CASE("monitor: what is switched out goes on with its registers" * doctest::skip()) {
  REQUIRE(lithe_preemption_start(2 * millisecond) == 0);
  std::atomic<bool> stop{false};
  each_context(5, [&](int i) {
    if (i == 4) {
      while (stats().preemptions < 40) lithe_context_yield();
      stop = true;
      return;
    }
    uint64_t turns = 0;
    const double result = crunch(i + 1, stop, turns);
    CHECK(result == crunch_again(i + 1, turns));
  });
}

TEST_CASE("monitor: allocation and locks and schedulers survive being switched out" * doctest::skip()) {
  REQUIRE(lithe_preemption_start(2 * millisecond) == 0);
  std::atomic<bool> stop{false};
  std::mutex plain;
  lithe_mutex_t mutex;
  REQUIRE(lithe_mutex_init(&mutex) == 0);
  long plain_count = 0, count = 0;
  std::atomic<long> plain_turns{0}, turns{0};
  harts::ForkJoin scheduler("storm");
  scheduler.enter();
  each_in(scheduler, 7, [&](int i) {
    if (i == 6) {
      while (stats().preemptions < 60) lithe_context_yield();
      stop = true;
      return;
    }
    while (!stop) {
      if (i % 3 == 0) {
        std::vector<std::string> many;
        for (int k = 0; k < 200; ++k) many.push_back(std::string(static_cast<std::size_t>(k), 'x'));
        const std::lock_guard hold(plain);
        ++plain_count;
        ++plain_turns;
      } else if (i % 3 == 1) {
        lithe_mutex_lock(&mutex);
        ++count;
        ++turns;
        lithe_mutex_unlock(&mutex);
      } else {
        harts::ForkJoin inner("inner");
        inner.enter();
        std::atomic<int> ran{0};
        each_in(inner, 3, [&](int) { ++ran; });
        inner.exit();
        CHECK(ran == 3);
      }
    }
  });
  scheduler.exit();
  CHECK(plain_count == plain_turns);
  CHECK(count == turns);
  CHECK(lithe_mutex_destroy(&mutex) == 0);
}

TEST_CASE("monitor: nothing is switched out while preemption is disabled" * doctest::skip()) {
  REQUIRE(lithe_preemption_start(2 * millisecond) == 0);
  each_context(1, [](int) {
    lithe_preemption_disable();
    lithe_preemption_disable();
    lithe_preemption_enable();
    const uint64_t looks = stats().monitor_looks;
    while (stats().monitor_looks < looks + 20) {
    }
    CHECK(stats().preemptions == 0);
    lithe_preemption_enable();
    while (stats().preemptions == 0) {
    }
    lithe_preemption_stop();
  });
}

TEST_CASE("monitor: bad quanta are refused" * doctest::skip()) {
  CHECK(lithe_preemption_start(1) == LITHE_EINVAL);
  CHECK(lithe_preemption_start(2 * millisecond - 1) == LITHE_EINVAL);
  CHECK(lithe_preemption_start(61'000 * millisecond) == LITHE_EINVAL);
  CHECK(lithe_preemption_start(0) == 0);
  lithe_preemption_stop();
  lithe_preemption_enable();  // without a disable: nothing
  CHECK(lithe_context_should_yield() == 0);
}

TEST_CASE("monitor: switched off it leaves everything alone" * doctest::skip()) {
  CHECK(lithe_preemption_start(0) == LITHE_ENOTSUP);
  each_context(2, [](int) { usleep(10'000); });
  CHECK(stats().departures == 0);
  CHECK(stats().monitor_looks == 0);
  struct sigaction action;
  REQUIRE(sigaction(SIGURG, nullptr, &action) == 0);
  CHECK((action.sa_handler == SIG_DFL));
}

std::atomic<int> urgent{0};

TEST_CASE("monitor: the program's own handler for SIGURG goes on working" * doctest::skip()) {
  struct sigaction action = {};
  action.sa_handler = [](int) { ++urgent; };
  REQUIRE(sigaction(SIGURG, &action, nullptr) == 0);
  each_context(2, [](int) { usleep(10'000); });
  CHECK(stats().departures > 0);
  CHECK(urgent == 0);
  REQUIRE(raise(SIGURG) == 0);
  CHECK(urgent == 1);
  each_context(1, [](int) { raise(SIGURG); });
  CHECK(urgent == 2);
}

// How often the kernel has switched the runtime's threads out because they waited, by thread.
std::map<std::string, long> wake_ups() {
  std::map<std::string, long> found;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(entry.path() / "status");
    std::string line, name;
    while (std::getline(status, line)) {
      if (line.starts_with("Name:")) name = line.substr(6);
      if (line.starts_with("voluntary_ctxt_switches:") && name.starts_with("lithe-")) {
        found[entry.path().filename()] = std::atol(line.substr(24).c_str());
      }
    }
  }
  return found;
}

TEST_CASE("monitor: no thread of the runtime wakes while the process is idle" * doctest::skip()) {
  each_context(4, [](int) { lithe_sleep(3 * millisecond); });
  each_context(2, [](int) { usleep(5000); });
  // Everything has come to rest when two readings that are far apart agree; whatever wakes now and then never lets them.
  for (std::map<std::string, long> before = wake_ups();;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::map<std::string, long> now = wake_ups();
    if (now == before) break;
    before = std::move(now);
  }
  CHECK(wake_ups().size() >= 3);  // a carrier, the timer's and the monitor's
}

TEST_CASE("monitor: wakes with the next work" * doctest::skip()) {
  for (int turn = 0; turn < 3; ++turn) {
    each_context(2, [](int) { usleep(5000); });
    for (uint64_t looks = stats().monitor_looks;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      const uint64_t now = stats().monitor_looks;
      if (now == looks) break;
      looks = now;
    }
    const uint64_t departures = stats().departures;
    each_context(2, [&](int) {
      while (stats().departures == departures) usleep(5000);
    });
  }
}

TEST_CASE("monitor: a forked child has one of its own" * doctest::skip()) {
  each_context(2, [](int) { usleep(5000); });
  const pid_t child = fork();
  if (child == 0) {
    each_context(2, [](int) {
      while (stats().departures == 0) usleep(5000);
    });
    _exit(stats().departures > 0 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

void run_each(const std::vector<const char *> &names, const std::vector<std::string> &environment) {
  for (const char *name : names) {
    const Outcome outcome = run_case(name, environment);
    CHECK_MESSAGE(outcome.code == 0, name, ": ", outcome.output);
  }
}

TEST_CASE("monitor: contexts that block in the kernel lose their harts" * doctest::test_suite("process")) {
  if (!is_offered) return;
  run_each(
      {"monitor: a read that blocks holds no hart", "monitor: no call fails or ends early because its hart was taken",
       "monitor: sockets and locks and children and threads are waited for without a hart",
       "monitor: a guest that blocks holds no hart", "monitor: wakes with the next work",
       "monitor: the program's own handler for SIGURG goes on working", "monitor: a forked child has one of its own"},
      {"HARTS=1"});
}

TEST_CASE("monitor: contexts that compute are asked to yield, and made to" * doctest::test_suite("process")) {
  if (!is_offered) return;
  for (const char *harts : {"HARTS=1", "HARTS_VIRTUAL=3"}) {
    run_each(
        {"monitor: what is switched out goes on with its registers",
         "monitor: allocation and locks and schedulers survive being switched out", "monitor: bad quanta are refused"},
        {harts});
  }
  run_each({"monitor: a context that computes is asked to yield and keeps its hart",
            "monitor: a context that spins is switched out",
            "monitor: nothing is switched out while preemption is disabled"},
           {"HARTS=1"});
}

TEST_CASE("monitor: costs nothing while the process is idle, or when it is off" * doctest::test_suite("process")) {
  if (!is_offered) return;
  run_each({"monitor: no thread of the runtime wakes while the process is idle"}, {"HARTS=2"});
  run_each({"monitor: switched off it leaves everything alone"}, {"HARTS=1", "HARTS_MONITOR=0"});
}

}  // namespace
