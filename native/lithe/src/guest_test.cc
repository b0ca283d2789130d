// Threads that the runtime did not make.
#include <atomic>
#include <doctest/doctest.h>
#include <memory>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/child_process.hpp"
#include "testing/crowd.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

TEST_CASE("guest: many threads enter and leave at once") {
  std::atomic<int> ran{0}, wrong{0};
  const int turns = rounds(300);
  crowd(0, 0, 8, [&](int i) {
    lithe_context_t *self = lithe_context_self();
    for (int turn = 0; turn < turns; ++turn) {
      Shuffle scheduler(static_cast<uint64_t>(i * 1000 + turn));
      scheduler.enter();
      if (lithe_hart_self() < 0 || lithe_hart_self() >= lithe_hart_count()) ++wrong;
      if (turn % 4 == 0) each_in(scheduler, 2, [&](int) { ++ran; });
      if (lithe_context_self() != self || lithe_sched_self() != scheduler.c()) ++wrong;
      scheduler.exit();
      if (lithe_hart_self() != -1) ++wrong;
    }
  });
  CHECK(ran == 8 * 2 * ((turns + 3) / 4));
  CHECK(wrong == 0);
}

TEST_CASE("guest: a blocked one is resumed on its own thread by whatever hart unblocks it") {
  crowd(0, 0, 3, [&](int i) {
    const std::thread::id me = std::this_thread::get_id();
    Shuffle scheduler(static_cast<uint64_t>(i));
    scheduler.enter();
    lithe_semaphore_t ping, pong;
    lithe_semaphore_init(&ping, 0);
    lithe_semaphore_init(&pong, 0);
    const int turns = rounds(300);
    struct Partner {
      lithe_semaphore_t &ping, &pong;
      int turns;
      static void run(void *argument) {
        Partner &self = *static_cast<Partner *>(argument);
        for (int turn = 0; turn < self.turns; ++turn) {
          lithe_semaphore_wait(&self.ping);
          if (turn % 3 == 0) lithe_context_yield();
          lithe_semaphore_post(&self.pong);
        }
      }
    } partner{ping, pong, turns};
    scheduler.fork(Partner::run, &partner);
    int elsewhere = 0;
    for (int turn = 0; turn < turns; ++turn) {
      lithe_semaphore_post(&ping);
      lithe_semaphore_wait(&pong);
      if (std::this_thread::get_id() != me) ++elsewhere;
    }
    CHECK(elsewhere == 0);
    scheduler.join();
    scheduler.exit();
  });
}

TEST_CASE("guest: takes turns with contexts when it yields") {
  Shuffle scheduler;
  scheduler.enter();
  std::atomic<bool> stop{false};
  std::atomic<int> turns{0};
  struct Both {
    std::atomic<bool> &stop;
    std::atomic<int> &turns;
  } both{stop, turns};
  for (int i = 0; i < 3; ++i) {
    scheduler.fork(
        [](void *argument) {
          Both &all = *static_cast<Both *>(argument);
          while (!all.stop) {
            ++all.turns;
            lithe_context_yield();
          }
        },
        &both);
  }
  for (int i = 0; i < 200 || turns < 100; ++i) lithe_context_yield();
  stop = true;
  scheduler.join();
  scheduler.exit();
  CHECK(turns >= 100);
}

// The guest is ready, but every hart of its scheduler is carried by other threads, which always find contexts that yield.
TEST_CASE("guest: is not starved by contexts that yield to each other until it has run") {
  harts::ForkJoin scheduler;
  scheduler.enter();
  struct State {
    lithe_semaphore_t guest, first;
    std::atomic<int> spinning{0};
    std::atomic<bool> guest_ran{false};
  } state;
  lithe_semaphore_init(&state.guest, 0);
  lithe_semaphore_init(&state.first, 0);
  constexpr int spinners = 6;
  for (int i = 0; i < spinners; ++i) {
    scheduler.fork(
        [](void *argument) {
          State &all = *static_cast<State *>(argument);
          lithe_semaphore_wait(&all.first);
          if (++all.spinning == spinners) lithe_semaphore_post(&all.guest);
          while (!all.guest_ran) lithe_context_yield();
        },
        &state);
  }
  // A plain thread sets them off, so that the harts that come for them are not the guest's.
  std::thread starter([&] {
    for (int i = 0; i < spinners; ++i) lithe_semaphore_post(&state.first);
  });
  lithe_semaphore_wait(&state.guest);
  state.guest_ran = true;
  scheduler.join();
  scheduler.exit();
  starter.join();
}

// As above with a context in the place of the guest: a plain thread makes it ready, in the queue of a hart that may be
// elsewhere, while all harts of the scheduler find contexts that yield.
TEST_CASE("guest: what it unblocks is not starved by contexts that yield to each other") {
  harts::ForkJoin scheduler;
  scheduler.enter();
  struct State {
    lithe_semaphore_t go;
    std::atomic<int> spinning{0};
    std::atomic<bool> has_run{false};
  } state;
  lithe_semaphore_init(&state.go, 0);
  const int spinners = 3 * lithe_hart_count();
  std::thread starter([&] {
    while (state.spinning < spinners) std::this_thread::yield();
    lithe_semaphore_post(&state.go);
  });
  each_in(scheduler, spinners + 1, [&](int i) {
    if (i == 0) {
      lithe_semaphore_wait(&state.go);
      state.has_run = true;
      return;
    }
    ++state.spinning;
    while (!state.has_run) lithe_context_yield();
  });
  scheduler.exit();
  starter.join();
  CHECK(state.has_run);
}

TEST_CASE("guest: a thread without a scheduler may use all that blocks") {
  lithe_mutex_t mutex = LITHE_MUTEX_INITIALIZER;
  lithe_condvar_t condvar = LITHE_CONDVAR_INITIALIZER;
  int turn = 0;
  const int turns = rounds(300);
  crowd(0, 0, 3, [&](int i) {
    for (int round = 0; round < turns; ++round) {
      lithe_mutex_lock(&mutex);
      while (turn % 3 != i) lithe_condvar_wait(&condvar, &mutex);
      ++turn;
      lithe_condvar_broadcast(&condvar);
      lithe_mutex_unlock(&mutex);
    }
  });
  CHECK(turn == 3 * turns);
  CHECK(lithe_hart_self() == -1);
}

TEST_CASE("guest: threads that end are forgotten and their harts come back") {
  lithe_stats_t before, after;
  lithe_context_self();
  lithe_stats_get(&before);
  for (int round = 0; round < rounds(100); ++round) {
    std::thread([] {
      Shuffle scheduler;
      scheduler.enter();
      scheduler.exit();  // the hart stays lent to this thread, which ends
    }).join();
  }
  lithe_stats_get(&after);
  CHECK(after.guests == before.guests);
  CHECK(after.contexts == before.contexts);
  // All harts can be had again: as many contexts as harts meet in a barrier without yielding or blocking.
  std::atomic<int> here{0};
  const int harts = lithe_hart_count();
  each_context(harts, [&](int) {
    ++here;
    while (here < harts) lithe_context_yield();
  });
  CHECK(here == harts);
}

// Each job works until all have done their share: possible only when none keeps a hart for good that another needs. `rest`
// is what a context does to reach a scheduling point.
void compete(int jobs, void (*rest)()) {
  constexpr int share = 50;
  std::vector<std::atomic<int>> done(static_cast<std::size_t>(jobs));
  const auto all_have = [&] {
    for (auto &count : done) {
      if (count < share) return false;
    }
    return true;
  };
  crowd(0, 0, jobs, [&](int i) {
    harts::ForkJoin scheduler;
    scheduler.enter();
    each_in(scheduler, lithe_hart_count() + 2, [&](int) {
      while (!all_have()) {
        ++done[static_cast<std::size_t>(i)];
        rest();
      }
    });
    scheduler.exit();
  });
  CHECK(all_have());
}

TEST_CASE("guest: jobs that are always busy share the harts and none starves") {
  SUBCASE("contexts that yield") {
    compete(2, [] { lithe_context_yield(); });
  }
  SUBCASE("contexts that block and are ready again") {
    compete(2,
            [] { lithe_context_block([](lithe_context_t *self, void *) { lithe_context_unblock(self); }, nullptr); });
  }
  SUBCASE("more jobs than harts") {
    compete(lithe_hart_count() + 2, [] { lithe_context_yield(); });
  }
  SUBCASE("jobs that nest schedulers") {
    compete(3, [] { each_context(2, [](int) { lithe_context_yield(); }); });
  }
}

TEST_CASE("guest: a stream of short visits does not starve a long job and is not starved by it") {
  std::atomic<int> visits{0}, turns{0};
  std::atomic<bool> over{false};
  constexpr int wanted = 30;
  crowd(0, 0, 4, [&](int i) {
    if (i == 0) {
      harts::ForkJoin scheduler;
      scheduler.enter();
      each_in(scheduler, lithe_hart_count() + 1, [&](int) {
        while (visits < wanted || turns < wanted) {
          ++turns;
          lithe_context_yield();
        }
      });
      over = true;
      scheduler.exit();
      return;
    }
    while (!over) {
      Shuffle scheduler;
      scheduler.enter();
      ++visits;
      scheduler.exit();
    }
  });
  CHECK(visits >= wanted);
  CHECK(turns >= wanted);
}

}  // namespace
