// Design law 6: what belongs to a thread belongs to the context, whichever hart resumes it. Every context here is moved between
// harts as much as the test scheduler can.
#include "identity.h"

#include <atomic>
#include <cerrno>
#include <cfenv>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <exception>
#include <execinfo.h>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lithe/lithe.hpp"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

constexpr int contexts = 24;
const int turns = rounds(1000);

// Reads of thread-local state go through functions that cannot be inlined, as they would in a library of their own.
thread_local long plain_local = 0;
thread_local std::string string_local;
__attribute__((noinline)) long &plain() { return plain_local; }
__attribute__((noinline)) std::string &text() { return string_local; }

// Runs body(i) in contexts that find themselves on at least two harts, if there are two: harts come late, and a short test
// would be over before the second.
template <class Body>
void each_migrating(Body &&body) {
  const int wanted = lithe_hart_count() > 1 ? 2 : 1;
  std::atomic<uint64_t> harts_seen{0};
  each_context(contexts, [&](int i) {
    while (__builtin_popcountll(harts_seen) < wanted) {
      harts_seen |= uint64_t{1} << (lithe_hart_self() & 63);
      lithe_context_yield();
    }
    body(i);
  });
}

TEST_CASE("identity: a context migrates between harts") {
  if (lithe_hart_count() == 1) return;
  std::atomic<int> migrated{0};
  each_context(4, [&](int) {
    const int first = lithe_hart_self();
    while (lithe_hart_self() == first && migrated == 0) lithe_context_yield();
    ++migrated;
  });
  CHECK(migrated == 4);
}

TEST_CASE("identity: thread_local objects belong to the context") {
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    plain() = i;
    text() = "context number " + std::to_string(i) + ", long enough to be on the heap";
    const std::string mine = text();
    long *address = &plain();
    for (int turn = 0; turn < turns; ++turn) {
      lithe_context_yield();
      if (&plain() != address || plain() != i + turn || text() != mine) ++wrong;
      ++plain();
    }
    text().clear();
    text().shrink_to_fit();
  });
  CHECK(wrong == 0);
}

TEST_CASE("identity: guests keep their thread_local objects while their harts run contexts") {
  std::atomic<int> wrong{0};
  crowd(0, 4, 0, [&](int i) {
    plain() = i;
    text() = std::to_string(i);
    Shuffle scheduler(static_cast<uint64_t>(i) + 7);
    scheduler.enter();
    for (int round = 0; round < rounds(50); ++round) {
      each_in(scheduler, 4, [&](int) {
        plain() = -1;
        text() = "other";
      });
      if (plain() != i || text() != std::to_string(i)) ++wrong;
    }
    scheduler.exit();
  });
  CHECK(wrong == 0);
}

TEST_CASE("identity: errno belongs to the context") {
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    for (int turn = 0; turn < turns; ++turn) {
      errno = 1000 + i;
      lithe_context_yield();
      if (errno != 1000 + i) ++wrong;
    }
    errno = 0;
  });
  CHECK(wrong == 0);
}

TEST_CASE("identity: a guest's errno survives what callbacks do on its thread") {
  struct Careless : Shuffle {
    void context_block(lithe_context_t *context) override {
      errno = EDOM;
      Shuffle::context_block(context);
    }
    lithe::Decision hart_enter() override {
      errno = ERANGE;
      return Shuffle::hart_enter();
    }
  } scheduler;
  scheduler.enter();
  errno = 77;
  each_in(scheduler, 3, [](int) { lithe_context_yield(); });
  CHECK(errno == 77);
  lithe_context_yield();
  CHECK(errno == 77);
  scheduler.exit();
}

TEST_CASE("identity: an exception in flight belongs to the context") {
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    for (int turn = 0; turn < turns; ++turn) {
      try {
        throw i;
      } catch (int caught) {
        lithe_context_yield();
        try {
          throw std::to_string(turn);
        } catch (const std::string &inner) {
          lithe_context_yield();
          if (inner != std::to_string(turn)) ++wrong;
        }
        lithe_context_yield();
        try {
          throw;  // must find this context's exception, not that of another on the same hart
        } catch (int again) {
          if (again != i || caught != i) ++wrong;
        }
      }
      if (std::current_exception()) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("identity: a context may be suspended by a destructor that unwinding runs") {
  struct Suspends {
    std::atomic<int> &wrong;
    ~Suspends() {
      if (std::uncaught_exceptions() != 1) ++wrong;
      lithe_context_yield();
      if (std::uncaught_exceptions() != 1) ++wrong;
    }
  };
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    for (int turn = 0; turn < rounds(50); ++turn) {
      try {
        Suspends first{wrong}, second{wrong};
        throw std::runtime_error(std::to_string(i));
      } catch (const std::runtime_error &error) {
        if (error.what() != std::to_string(i)) ++wrong;
      }
      if (std::uncaught_exceptions() != 0) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("identity: an exception that a context ends in does not haunt the next user of its thread") {
  std::atomic<int> wrong{0};
  for (int round = 0; round < 20; ++round) {
    each_context(4, [&](int) {
      if (std::current_exception()) ++wrong;
      try {
        throw 1;
      } catch (int) {
        lithe_context_exit();
      }
    });
  }
  CHECK(wrong == 0);
}

TEST_CASE("identity: memory allocated in one context can be freed in another") {
  constexpr int slots = 16;
  std::atomic<char *> mailbox[slots] = {};
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    Random random(static_cast<uint64_t>(i));
    for (int turn = 0; turn < turns; ++turn) {
      const std::size_t size = static_cast<std::size_t>(1 + random.below(3000));
      char *memory = static_cast<char *>(std::malloc(size + sizeof size));
      std::memcpy(memory, &size, sizeof size);
      std::memset(memory + sizeof size, static_cast<int>(size & 0x7f), size);
      if (char *other = mailbox[random.below(slots)].exchange(memory)) {
        std::size_t length;
        std::memcpy(&length, other, sizeof length);
        for (std::size_t at = 0; at < length; ++at)
          wrong += other[sizeof length + at] != static_cast<char>(length & 0x7f);
        std::free(other);
      }
      if (random.below(4) == 0) lithe_context_yield();
    }
  });
  for (auto &slot : mailbox) std::free(slot.load());
  CHECK(wrong == 0);
}

TEST_CASE("identity: a recursive pthread mutex is owned by the context") {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  std::atomic<int> inside{0}, wrong{0}, entered{0};
  each_migrating([&](int) {
    for (int turn = 0; turn < turns; ++turn) {
      if (pthread_mutex_trylock(&mutex) != 0) {
        lithe_context_yield();
        continue;
      }
      if (inside.fetch_add(1) != 0) ++wrong;
      lithe_context_yield();  // whoever runs on this hart now is not the owner
      if (pthread_mutex_trylock(&mutex) != 0) {
        ++wrong;
      } else {
        lithe_context_yield();
        if (pthread_mutex_unlock(&mutex) != 0) ++wrong;
      }
      inside.fetch_sub(1);
      if (pthread_mutex_unlock(&mutex) != 0) ++wrong;
      ++entered;
    }
  });
  CHECK(wrong == 0);
  CHECK(entered > 0);
  CHECK(pthread_mutex_destroy(&mutex) == 0);
}

TEST_CASE("identity: pthread_self and lithe_context_self are stable and distinct") {
  std::vector<pthread_t> threads(contexts);
  std::vector<lithe_context_t *> handles(contexts);
  std::atomic<int> wrong{0};
  lithe_barrier_t all;
  lithe_barrier_init(&all, contexts);
  each_migrating([&](int i) {
    const pthread_t me = threads[static_cast<std::size_t>(i)] = pthread_self();
    lithe_context_t *self = handles[static_cast<std::size_t>(i)] = lithe_context_self();
    for (int turn = 0; turn < turns; ++turn) {
      lithe_context_yield();
      if (!pthread_equal(me, pthread_self()) || self != lithe_context_self()) ++wrong;
    }
    lithe_barrier_wait(&all);
  });
  CHECK(wrong == 0);
  for (std::size_t i = 0; i < threads.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) wrong += pthread_equal(threads[i], threads[j]) || handles[i] == handles[j];
  }
  CHECK(wrong == 0);
  lithe_barrier_destroy(&all);
}

// The floating-point environment, both of SSE (double) and of the x87 unit (long double).
__attribute__((noinline)) double third() {
  volatile double one = 1, three = 3;
  return one / three;
}
__attribute__((noinline)) long double long_third() {
  volatile long double one = 1, three = 3;
  return one / three;
}

TEST_CASE("identity: the rounding mode travels with the context") {
  constexpr int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  double expected[4];
  long double long_expected[4];
  for (int i = 0; i < 4; ++i) {
    std::fesetround(modes[i]);
    expected[i] = third();
    long_expected[i] = long_third();
  }
  std::fesetround(FE_TONEAREST);
  REQUIRE(expected[1] != expected[2]);
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    const int which = i % 4;
    std::fesetround(modes[which]);
    for (int turn = 0; turn < turns; ++turn) {
      lithe_context_yield();
      if (std::fegetround() != modes[which] || third() != expected[which] || long_third() != long_expected[which])
        ++wrong;
    }
  });
  CHECK(wrong == 0);
  CHECK(std::fegetround() == FE_TONEAREST);
}

TEST_CASE("identity: the sticky floating-point flags travel with the context") {
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    std::feclearexcept(FE_ALL_EXCEPT);
    const int own = i % 2 == 0 ? FE_DIVBYZERO : 0;
    if (own != 0) std::feraiseexcept(own);
    for (int turn = 0; turn < turns; ++turn) {
      lithe_context_yield();
      if (std::fetestexcept(FE_DIVBYZERO) != own) ++wrong;
    }
    std::feclearexcept(FE_ALL_EXCEPT);
  });
  CHECK(wrong == 0);
}

// More values than there are registers that a call must preserve, of both kinds: the compiler keeps some in each of those.
TEST_CASE("identity: the registers that a call preserves are the context's") {
  std::atomic<int> wrong{0};
  each_migrating([&](int i) {
    constexpr int count = 12;
    uint64_t whole[count];
    double real[count];
    for (int k = 0; k < count; ++k) {
      whole[k] = static_cast<uint64_t>(i * 1000 + k);
      real[k] = i + k / 16.0;
    }
    for (int turn = 0; turn < turns; ++turn) {
#pragma GCC unroll 12
      for (int k = 0; k < count; ++k) asm volatile("" : "+r"(whole[k]));  // not to be computed anew after the call
      lithe_context_yield();
#pragma GCC unroll 12
      for (int k = 0; k < count; ++k) {
        whole[k] += 1;
        real[k] += 1;
      }
    }
    for (int k = 0; k < count; ++k) {
      if (whole[k] != static_cast<uint64_t>(i * 1000 + k + turns)) ++wrong;
      if (real[k] != i + k / 16.0 + turns) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("identity: a new context has its maker's rounding mode, as a new thread has") {
  std::atomic<int> wrong{0};
  for (int round = 0; round < 10; ++round) {
    for (const int mode : {FE_UPWARD, FE_TONEAREST}) {
      std::fesetround(mode);
      each_context(4, [&](int i) {
        if (std::fegetround() != mode) ++wrong;
        if (i % 2 == 0) std::fesetround(FE_DOWNWARD);  // stays in the pooled thread
      });
    }
  }
  CHECK(std::fegetround() == FE_TONEAREST);
  CHECK(wrong == 0);
}

// An object whose destructor reports from the thread's own exit.
struct Farewell {
  lithe_semaphore_t *gone = nullptr;
  std::string value;
  ~Farewell() {
    if (gone) lithe_semaphore_post(gone);
  }
};
thread_local Farewell farewell;
__attribute__((noinline)) Farewell &own_farewell() { return farewell; }

TEST_CASE("identity: fresh contexts start with fresh thread_local objects and destroy them") {
  lithe_semaphore_t gone;
  lithe_semaphore_init(&gone, 0);
  const lithe_context_attr_t fresh{0, LITHE_CONTEXT_FRESH};
  std::atomic<int> wrong{0};
  constexpr int count = 10;
  for (int round = 0; round < 3; ++round) {
    each_context(
        count,
        [&](int i) {
          if (!own_farewell().value.empty() || plain() != 0 || errno != 0) ++wrong;
          plain() = i + 1;
          errno = EDOM;
          own_farewell().value = "a value that is longer than the small string buffer";
          own_farewell().gone = &gone;
          lithe_context_yield();
        },
        &fresh);
    for (int i = 0; i < count; ++i) lithe_semaphore_wait(&gone);  // each destructor ran
  }
  CHECK(wrong == 0);
  CHECK(lithe_semaphore_trywait(&gone) == LITHE_EBUSY);
  CHECK(lithe_semaphore_destroy(&gone) == 0);
}

TEST_CASE("identity: trimming the pool destroys the thread_local objects of pooled contexts") {
  lithe_semaphore_t gone;
  lithe_semaphore_init(&gone, 0);
  lithe_context_pool_trim();
  // A size that nobody else uses, so that these contexts go to the common pool.
  const lithe_context_attr_t attr{std::size_t{3} << 19, LITHE_CONTEXT_POOLED};
  constexpr int count = 10;
  lithe_barrier_t all;
  lithe_barrier_init(&all, count);
  each_context(
      count,
      [&](int) {
        own_farewell().value = "a value that is longer than the small string buffer";
        own_farewell().gone = &gone;
        lithe_barrier_wait(&all);
      },
      &attr);
  CHECK(lithe_semaphore_trywait(&gone) == LITHE_EBUSY);
  CHECK(lithe_context_pool_trim() >= count);
  int destroyed = 0;
  while (lithe_semaphore_trywait(&gone) == 0) ++destroyed;  // trim has joined the threads
  CHECK(destroyed == count);
  lithe_barrier_destroy(&all);
}

TEST_CASE("identity: sched_getcpu tells where the context runs, not where its thread sleeps") {
  lithe_topology_t topology;
  REQUIRE(lithe_topology_get(&topology) == 0);
  std::atomic<int> wrong{0}, compared{0};
  each_context(8, [&](int) {
    for (int turn = 0; turn < turns; ++turn) {
      lithe_context_yield();
      const int says = sched_getcpu();
      if (says < 0) ++wrong;
      // A guest's own thread is not pinned, and a carrier may be moved between two calls unless it is.
      unsigned kernel = 0;
      for (int attempt = 0; attempt < 100; ++attempt) {
        unsigned before = 0, after = 0;
        syscall(SYS_getcpu, &before, nullptr, nullptr);
        const int middle = sched_getcpu();
        syscall(SYS_getcpu, &after, nullptr, nullptr);
        if (before != after) continue;
        kernel = before;
        if (middle != static_cast<int>(kernel)) ++wrong;
        ++compared;
        break;
      }
    }
  });
  CHECK(wrong == 0);
  CHECK(compared > 0);
}

}  // namespace

// Visible, so that its frame can be told in a backtrace.
extern "C" __attribute__((noinline, visibility("default"))) int identity_test_backtrace(void **frames, int size) {
  const int depth = backtrace(frames, size);
  lithe_context_yield();
  return depth;
}

namespace {

TEST_CASE("identity: the stack of a context can be walked to its start") {
  std::atomic<int> found{0}, ended{0};
  each_context(4, [&](int) {
    lithe_context_yield();
    void *frames[64];
    const int depth = identity_test_backtrace(frames, 64);
    const char *function = reinterpret_cast<const char *>(&identity_test_backtrace);
    for (int i = 0; i < depth; ++i) {
      const char *frame = static_cast<const char *>(frames[i]);
      if (frame >= function && frame < function + 512) {
        ++found;
        break;
      }
    }
    if (depth < 64) ++ended;
  });
  CHECK(found == 4);
  CHECK(ended == 4);
}

TEST_CASE("identity: exceptions are thrown and caught on several harts at once") {
  struct Deep {
    static void fail(int levels, int value) {
      std::string on_the_way = "unwound " + std::to_string(levels);
      if (levels == 0) throw std::runtime_error(std::to_string(value));
      fail(levels - 1, value);
    }
  };
  std::atomic<int> right{0};
  crowd(8, 2, 2, [&](int i) {
    for (int turn = 0; turn < turns; ++turn) {
      try {
        Deep::fail(turn % 20, i + turn);
      } catch (const std::runtime_error &error) {
        lithe_context_yield();
        if (error.what() == std::to_string(i + turn)) ++right;
      }
    }
  });
  CHECK(right == 12 * turns);
}

}  // namespace
