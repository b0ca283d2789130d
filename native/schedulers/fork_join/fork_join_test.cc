#include "schedulers/fork_join/fork_join.hpp"

#include <atomic>
#include <doctest/doctest.h>
#include <vector>

#include "lithe/lithe.hpp"

namespace {

struct Count {
  std::atomic<int> ran{0};
  static void one(void *self) { static_cast<Count *>(self)->ran.fetch_add(1); }
};

TEST_CASE("fork_join runs every forked context before join returns") {
  harts::ForkJoin scheduler;
  scheduler.enter();
  Count count;
  for (int i = 0; i < 100; ++i) REQUIRE(scheduler.fork(Count::one, &count) == 0);
  scheduler.join();
  CHECK(count.ran == 100);
  CHECK(scheduler.live() == 0);
  scheduler.exit();
}

TEST_CASE("fork_join may be joined any number of times") {
  harts::ForkJoin scheduler;
  scheduler.enter();
  Count count;
  for (int round = 1; round <= 50; ++round) {
    for (int i = 0; i < 4; ++i) REQUIRE(scheduler.fork(Count::one, &count) == 0);
    scheduler.join();
    CHECK(count.ran == 4 * round);
  }
  scheduler.join();
  scheduler.exit();
}

TEST_CASE("fork_join gives its demand back") {
  harts::ForkJoin scheduler;
  scheduler.enter();
  CHECK(scheduler.demand() == 1);
  Count count;
  for (int i = 0; i < 10; ++i) REQUIRE(scheduler.fork(Count::one, &count) == 0);
  scheduler.join();
  CHECK(scheduler.demand() == 1);
  scheduler.exit();
}

// Three levels: each context of a level enters a scheduler of its own and forks two more.
struct Tree {
  int depth;
  std::atomic<int> *leaves;
};

void grow(void *argument) {
  const Tree tree = *static_cast<Tree *>(argument);
  if (tree.depth == 0) {
    tree.leaves->fetch_add(1);
    return;
  }
  harts::ForkJoin scheduler("tree");
  scheduler.enter();
  Tree child{tree.depth - 1, tree.leaves};
  REQUIRE(scheduler.fork(grow, &child) == 0);
  REQUIRE(scheduler.fork(grow, &child) == 0);
  scheduler.join();
  scheduler.exit();
}

TEST_CASE("schedulers nest three levels deep") {
  std::atomic<int> leaves{0};
  for (int round = 0; round < 200; ++round) {
    leaves = 0;
    Tree tree{3, &leaves};
    grow(&tree);
    REQUIRE(leaves == 8);
  }
}

void yield_often(void *argument) {
  auto &turns = *static_cast<std::atomic<int> *>(argument);
  for (int i = 0; i < 100; ++i) {
    lithe_context_yield();
    turns.fetch_add(1);
  }
}

TEST_CASE("contexts that yield take turns and all end") {
  harts::ForkJoin scheduler;
  scheduler.enter();
  std::atomic<int> turns{0};
  for (int i = 0; i < 10; ++i) REQUIRE(scheduler.fork(yield_often, &turns) == 0);
  scheduler.join();
  CHECK(turns == 1000);
  scheduler.exit();
}

}  // namespace
