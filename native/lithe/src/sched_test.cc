// Entering and leaving schedulers, the order of their callbacks, and requests.
#include "lithe/sched.h"

#include <atomic>
#include <doctest/doctest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"
#include "testing/c_scheduler.h"
#include "testing/crowd.hpp"
#include "testing/random.hpp"
#include "testing/scale.hpp"

using namespace harts::testing;

namespace {

// Writes down which callbacks it gets; otherwise the smallest scheduler there is.
class Recorder : public lithe::Scheduler {
 public:
  Recorder(const char *name, std::vector<std::string> &events) : Scheduler(name), name_(name), events_(events) {}
  std::atomic<long> requested{0};

 protected:
  lithe::Decision hart_enter() override {
    if (lithe_context_t *context = ready_.exchange(nullptr)) return lithe::Decision::run(context);
    std::lock_guard hold(children_);  // child_exit takes it too
    if (child_ && lithe_sched_harts(child_) < lithe_sched_demand(child_)) return lithe::Decision::grant(child_);
    return lithe::Decision::yield();
  }
  void hart_request(lithe_sched_t *child, int delta) override {
    requested += delta;
    Scheduler::hart_request(child, delta);
  }
  void sched_enter() override { note("sched_enter"); }
  void sched_exit() override { note("sched_exit"); }
  void child_enter(lithe_sched_t *child) override {
    std::lock_guard hold(children_);
    child_ = child;
    note("child_enter " + std::string(child->name));
  }
  void child_exit(lithe_sched_t *child) override {
    std::lock_guard hold(children_);
    child_ = nullptr;
    note("child_exit " + std::string(child->name));
  }
  void context_unblock(lithe_context_t *context) override {
    request(1);
    ready_ = context;
  }
  void context_yield(lithe_context_t *context) override { ready_ = context; }

 private:
  void note(const std::string &event) { events_.push_back(std::string(name_) + "." + event); }
  const char *name_;
  std::vector<std::string> &events_;
  std::mutex children_;
  lithe_sched_t *child_ = nullptr;
  std::atomic<lithe_context_t *> ready_{nullptr};
};

TEST_CASE("sched: init wants all callbacks and a name") {
  std::vector<std::string> events;
  Recorder complete("complete", events);
  const lithe_sched_funcs_t all = *complete.c()->funcs;
  lithe_sched_t sched;
  CHECK(lithe_sched_init(&sched, &all, "all") == 0);
  CHECK(lithe_sched_init(nullptr, &all, "no memory") == LITHE_EINVAL);
  CHECK(lithe_sched_init(&sched, nullptr, "no table") == LITHE_EINVAL);
  CHECK(lithe_sched_init(&sched, &all, nullptr) == LITHE_EINVAL);
  // The table is eleven pointers: each one missing is found.
  for (std::size_t i = 0; i < sizeof all / sizeof(void *); ++i) {
    lithe_sched_funcs_t lacking = all;
    reinterpret_cast<void **>(&lacking)[i] = nullptr;
    CHECK(lithe_sched_init(&sched, &lacking, "lacking") == LITHE_EINVAL);
  }
}

TEST_CASE("sched: enter and exit refuse what cannot be") {
  std::vector<std::string> events;
  CHECK(lithe_sched_enter(nullptr) == LITHE_EINVAL);
  lithe_sched_t blank = {};
  CHECK(lithe_sched_enter(&blank) == LITHE_EINVAL);
  CHECK(lithe_sched_exit() == LITHE_EPERM);
  Recorder scheduler("once", events);
  scheduler.enter();
  CHECK(lithe_sched_enter(scheduler.c()) == LITHE_EINVAL);
  scheduler.exit();
  CHECK(lithe_sched_exit() == LITHE_EPERM);
  // It may be used again.
  scheduler.enter();
  CHECK(lithe_sched_self() == scheduler.c());
  scheduler.exit();
  CHECK(lithe_sched_self() == nullptr);
}

TEST_CASE("sched: only the context that entered may leave") {
  std::atomic<int> code{0};
  each_context(3, [&](int) { code += lithe_sched_exit(); });
  CHECK(code == 3 * LITHE_EPERM);
}

TEST_CASE("sched: callbacks of enter and exit come in the promised order") {
  std::vector<std::string> events;
  Recorder outer("outer", events), inner("inner", events);
  outer.enter();
  inner.enter();
  CHECK(inner.c()->parent == outer.c());
  CHECK(lithe_sched_self() == inner.c());
  inner.exit();
  CHECK(lithe_sched_self() == outer.c());
  outer.exit();
  const std::vector<std::string> expected = {"outer.sched_enter", "outer.child_enter inner", "inner.sched_enter",
                                             "inner.sched_exit",  "outer.child_exit inner",  "outer.sched_exit"};
  CHECK(events == expected);
}

TEST_CASE("sched: harts and demand count the scheduler's own context and its children's") {
  std::vector<std::string> events;
  Recorder outer("outer", events), inner("inner", events);
  outer.enter();
  CHECK(outer.harts() == 1);
  CHECK(outer.demand() == 1);
  inner.enter();
  CHECK(inner.harts() == 1);
  CHECK(inner.demand() == 1);
  CHECK(outer.harts() == 1);
  CHECK(outer.demand() == 1);
  CHECK(inner.request(5) == 0);
  CHECK(inner.demand() == 6);
  CHECK(outer.demand() == 6);
  CHECK(outer.harts() >= inner.harts());
  inner.exit();  // takes its demand back
  CHECK(outer.demand() == 1);
  outer.exit();
}

TEST_CASE("sched: a request that would make the demand negative is refused and changes nothing") {
  std::vector<std::string> events;
  Recorder scheduler("requests", events);
  CHECK(lithe_hart_request(nullptr, 1) == LITHE_EINVAL);
  CHECK(scheduler.request(1) == LITHE_EINVAL);  // not entered
  scheduler.enter();
  CHECK(scheduler.request(-2) == LITHE_EINVAL);
  CHECK(scheduler.demand() == 1);
  CHECK(scheduler.request(-1) == 0);
  CHECK(scheduler.demand() == 0);
  CHECK(scheduler.request(-1) == LITHE_EINVAL);
  CHECK(scheduler.request(0) == 0);
  CHECK(scheduler.request(1) == 0);
  CHECK(scheduler.demand() == 1);
  scheduler.exit();
}

TEST_CASE("sched: requests that overtake each other add up at every level") {
  std::vector<std::string> events;
  Recorder outer("outer", events), inner("inner", events);
  outer.enter();
  inner.enter();
  // Each thread's own requests sum to +1 and never go below what it has added.
  constexpr int threads = 4;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&inner, t] {
      Random random(static_cast<uint64_t>(t));
      int mine = 0;
      for (int i = 0; i < rounds(2000); ++i) {
        const int delta = mine == 0 ? 1 + random.below(3) : random.below(2) ? 1 : -mine;
        if (inner.request(delta) == 0) mine += delta;
      }
      inner.request(1 - mine);
    });
  }
  for (auto &thread : all) thread.join();
  CHECK(inner.demand() == 1 + threads);
  CHECK(outer.demand() == 1 + threads);
  CHECK(outer.requested == threads);
  inner.exit();
  CHECK(outer.requested == 0);
  CHECK(outer.demand() == 1);
  outer.exit();
}

// Three levels of three kinds: plain C, the C++ face, fork_join.
TEST_CASE("sched: schedulers of different kinds nest three levels deep") {
  std::atomic<int> leaves{0}, failed{0};
  struct Shared {
    std::atomic<int> &leaves, &failed;
  } shared{leaves, failed};
  for (int round = 0; round < rounds(50); ++round) {
    leaves = 0;
    const int code = c_scheduler_run(
        3,
        [](void *argument, int i) {
          Shared &all = *static_cast<Shared *>(argument);
          Shuffle middle(static_cast<uint64_t>(i));
          middle.enter();
          all.failed += each_in(middle, 3, [&all](int) {
            harts::ForkJoin inner;
            inner.enter();
            all.failed += each_in(inner, 3, [&all](int) {
              lithe_context_yield();
              ++all.leaves;
            });
            inner.exit();
          });
          middle.exit();
        },
        &shared);
    REQUIRE(code == 0);
    REQUIRE(failed == 0);
    REQUIRE(leaves == 27);
  }
}

TEST_CASE("sched: the same context may enter many levels") {
  constexpr int levels = 40;
  std::vector<std::unique_ptr<Shuffle>> tower;
  for (int i = 0; i < levels; ++i) {
    tower.push_back(std::make_unique<Shuffle>(static_cast<uint64_t>(i)));
    tower.back()->enter();
  }
  std::atomic<int> ran{0};
  CHECK(each_in(*tower.back(), 20, [&](int) {
          lithe_context_yield();
          ++ran;
        }) == 0);
  CHECK(ran == 20);
  while (!tower.empty()) {
    CHECK(tower.back()->demand() == 1);
    tower.back()->exit();
    tower.pop_back();
  }
  CHECK(lithe_hart_self() == -1);
}

TEST_CASE("sched: the C++ face throws what the C calls return") {
  std::vector<std::string> events;
  Recorder scheduler("throws", events);
  CHECK_THROWS_AS(scheduler.exit(), lithe::Error);
  scheduler.enter();
  try {
    scheduler.enter();
    FAIL("entered twice");
  } catch (const lithe::Error &error) {
    CHECK(error.code() == LITHE_EINVAL);
    CHECK(std::string(error.what()).find("lithe_sched_enter") != std::string::npos);
  }
  scheduler.exit();
}

}  // namespace
