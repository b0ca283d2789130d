#include "addon/job.h"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "lithe/lithe.hpp"
#include "schedulers/fork_join/fork_join.hpp"

namespace {

using namespace harts::addon;

// Kernels get what they touch as array 0.
Node call(Entry entry, void *data, std::vector<double> scalars = {}) {
  Node node;
  node.op = Op::kCall;
  node.leaf = true;
  node.entry = entry;
  node.arrays = {{data, 1}};
  node.scalars = std::move(scalars);
  return node;
}

Node over(Op op, std::vector<Node> children, std::uint64_t count = 0) {
  Node node;
  node.op = op;
  node.count = count;
  node.children = std::move(children);
  return node;
}

Node for_each(std::uint64_t count, Entry entry, void *data) {
  Node node = call(entry, data, {0});
  node.op = Op::kForEach;
  node.leaf = false;
  node.count = count;
  return node;
}

Node until(const std::int32_t *flag, Node child) {
  Node node = over(Op::kUntil, {std::move(child)}, ~std::uint64_t{0});
  node.flag = flag;
  return node;
}

double bump(const ArrayView *arrays, const double *) {
  static_cast<std::atomic<long> *>(arrays[0].data)->fetch_add(1);
  return 0;
}
double bump_own(const ArrayView *arrays, const double *scalars) {
  ++static_cast<int *>(arrays[0].data)[static_cast<int>(scalars[0])];
  return 0;
}
double raise_flag(const ArrayView *arrays, const double *) {
  __atomic_store_n(static_cast<std::int32_t *>(arrays[0].data), 1, __ATOMIC_RELEASE);
  return 0;
}

// Runs jobs at once, each on a context of its own, as the addon does; waits for all.
void run_all(std::vector<std::unique_ptr<Job>> &jobs) {
  lithe_semaphore_t ended;
  lithe_semaphore_init(&ended, 0);
  struct Start {
    Job *job;
    lithe_semaphore_t *ended;
  };
  std::vector<Start> starts;
  for (auto &job : jobs) starts.push_back({job.get(), &ended});
  for (Start &start : starts) {
    lithe_context_t *context;
    REQUIRE(lithe_context_create(
                &context, nullptr, nullptr,
                [](void *arg) {
                  const Start &self = *static_cast<Start *>(arg);
                  lithe_semaphore_t *const done = self.ended;
                  self.job->run();
                  lithe_semaphore_post(done);
                },
                &start) == 0);
    lithe_context_unblock(context);
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) lithe_semaphore_wait(&ended);
  lithe_semaphore_destroy(&ended);
}

TEST_CASE("a job runs each call as often as its plan says, on a guest and on a context") {
  for (const bool guest : {true, false}) {
    CAPTURE(guest);
    std::atomic<long> bumps{0};
    std::vector<int> own(50);
    std::vector<Node> branches;
    for (int i = 0; i < 5; ++i) {
      branches.push_back(over(Op::kRepeat, {call(bump, &bumps)}, 10));
      branches.push_back(over(Op::kParallel, {call(bump, &bumps), call(bump, &bumps)}));
    }
    Node loop = over(
        Op::kRepeat,
        {over(Op::kSequence, {for_each(50, bump_own, own.data()), over(Op::kParallel, std::move(branches))})}, 100);
    loop.outermost = true;
    std::vector<std::unique_ptr<Job>> jobs;
    jobs.push_back(std::make_unique<Job>(std::move(loop)));
    guest ? jobs[0]->run() : run_all(jobs);
    CHECK(jobs[0]->outcome() == Job::Outcome::kDone);
    CHECK(jobs[0]->iterations() == 100);
    CHECK(bumps == 100 * 5 * (10 + 2));
    CHECK(own == std::vector<int>(50, 100));
  }
}

TEST_CASE("an abort ends a job wherever it is") {
  std::int32_t never = 0;
  std::atomic<long> bumps{0};
  std::vector<Node> shapes;
  shapes.push_back(until(&never, call(bump, &bumps)));
  shapes.push_back(until(&never, for_each(64, bump, &bumps)));
  shapes.push_back(over(Op::kParallel, {until(&never, call(bump, &bumps)), until(&never, for_each(9, bump, &bumps)),
                                        until(&never, call(bump, &bumps))}));
  for (Node &shape : shapes) {
    bumps = 0;
    Job job(std::move(shape));
    std::thread guest([&job] { job.run(); });
    while (bumps < 1000) std::this_thread::yield();
    job.abort();
    guest.join();
    CHECK(job.outcome() == Job::Outcome::kAborted);
  }
}

TEST_CASE("jobs that wait for each other take turns, however few the harts") {
  // Job i loops until its flag is up and then raises the flag of job i-1; the last one raises at once.
  const std::size_t count = 4 * static_cast<std::size_t>(lithe_hart_count());
  std::vector<std::int32_t> flags(count + 1);
  flags[count] = 1;
  std::atomic<long> bumps{0};
  std::vector<std::unique_ptr<Job>> jobs;
  for (std::size_t i = 0; i < count; ++i) {
    jobs.push_back(std::make_unique<Job>(
        over(Op::kSequence, {until(&flags[i + 1], for_each(20, bump, &bumps)), call(raise_flag, &flags[i])})));
  }
  run_all(jobs);
  for (auto &job : jobs) CHECK(job->outcome() == Job::Outcome::kDone);
}

TEST_CASE("branches that wait for each other take turns, however few the harts") {
  const std::size_t count = 4 * static_cast<std::size_t>(lithe_hart_count());
  std::vector<std::int32_t> flags(count + 1);
  flags[count] = 1;
  std::atomic<long> bumps{0};
  std::vector<Node> branches;
  for (std::size_t i = 0; i < count; ++i)
    branches.push_back(over(Op::kSequence, {until(&flags[i + 1], call(bump, &bumps)), call(raise_flag, &flags[i])}));
  Job job(over(Op::kParallel, std::move(branches)));
  job.run();
  CHECK(job.outcome() == Job::Outcome::kDone);
}

double sleepless(const ArrayView *arrays, const double *) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  while (std::chrono::steady_clock::now() < until) {
  }
  return bump(arrays, nullptr);
}

TEST_CASE("a guest gets a hart in the middle of one long forEach on all of them") {
  std::atomic<long> bumps{0};
  Node endless = for_each(2'000'000'000, sleepless, &bumps);
  std::vector<std::unique_ptr<Job>> jobs;
  jobs.push_back(std::make_unique<Job>(std::move(endless)));
  std::thread guest([&] {
    while (bumps < 100) std::this_thread::yield();
    for (int i = 0; i < 5; ++i) {
      harts::ForkJoin scheduler;
      scheduler.enter();
      scheduler.exit();
    }
    jobs[0]->abort();
  });
  run_all(jobs);
  guest.join();
  CHECK(jobs[0]->outcome() == Job::Outcome::kAborted);
}

TEST_CASE("a guest gets a hart while jobs keep all of them busy") {
  std::int32_t flag = 0;
  std::atomic<long> bumps{0};
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 2 * lithe_hart_count(); ++i)
    jobs.push_back(std::make_unique<Job>(until(&flag, for_each(200, bump, &bumps))));
  std::thread guest([&flag, &bumps] {
    while (bumps < 10'000) std::this_thread::yield();
    for (int i = 0; i < 20; ++i) {
      harts::ForkJoin scheduler;
      scheduler.enter();
      scheduler.exit();
    }
    __atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
  });
  run_all(jobs);
  guest.join();
}

}  // namespace
