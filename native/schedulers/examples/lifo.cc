/* A scheduler of your own, to copy and change: contexts run last in, first out, on as many harts as come.
 *
 * The program places eight queens on a chessboard; each partial board is a context that makes one for each way to go on.
 * Last in, first out is depth first, so few boards exist at a time: a queue would hold a whole row of the search tree. */
#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>

#include "lithe/lithe.hpp"

namespace {

class Lifo : public lithe::Scheduler {
 public:
  Lifo() : Scheduler("lifo") { lithe_semaphore_init(&all_ended_, 0); }
  ~Lifo() override { lithe_semaphore_destroy(&all_ended_); }

  // Starts a context that runs `start(arg)`. From any context of this scheduler.
  void spawn(void (*start)(void *), void *arg) {
    lithe_context_t *context;
    lithe::check("lithe_context_create", lithe_context_create(&context, nullptr, c(), start, arg));
    live_.fetch_add(1);
    context_unblock(context);
  }

  // Waits, once, for all contexts to end. From the context that entered.
  void join() {
    if (live_.fetch_sub(1) != 1) lithe_semaphore_wait(&all_ended_);
  }

 protected:
  // Here is a hart: what should it do? The policy of a scheduler is its answer.
  lithe::Decision hart_enter() override {
    std::lock_guard<lithe::SpinLock> hold(lock_);
    lithe_context_t *context = first_;
    if (context == nullptr) return lithe::Decision::yield();
    first_ = context->next;
    return lithe::Decision::run(context);
  }

  // The request before the push: once pushed the context may run, and block, and that takes the request back.
  void context_unblock(lithe_context_t *context) override {
    request(1);
    std::lock_guard<lithe::SpinLock> hold(lock_);
    context->next = first_;
    first_ = context;
  }

  // Last in line, not first: who yields wants all others to run.
  void context_yield(lithe_context_t *context) override {
    std::lock_guard<lithe::SpinLock> hold(lock_);
    lithe_context_t **end = &first_;
    while (*end != nullptr) end = &(*end)->next;
    context->next = nullptr;
    *end = context;
  }

  // The request is taken back before the joiner hears of it: it may leave the scheduler at once.
  void context_exit(lithe_context_t *) override {
    request(-1);
    if (live_.fetch_sub(1) == 1) lithe_semaphore_post(&all_ended_);
  }

 private:
  lithe::SpinLock lock_;
  lithe_context_t *first_ = nullptr;  // guarded by lock_
  std::atomic<int> live_{1};          // contexts that have not ended; the one that entered counts until it joins
  lithe_semaphore_t all_ended_;
};

constexpr unsigned size = 8;
std::atomic<int> solutions{0};

struct Board {
  Lifo &lifo;
  unsigned row, columns, left, right;  // bit masks: what the queens so far attack in this row
};

void place(void *arg) {
  const std::unique_ptr<const Board> board(static_cast<Board *>(arg));
  const auto &[lifo, row, columns, left, right] = *board;
  if (row == size) ++solutions;
  for (unsigned free = ((1u << size) - 1) & ~(columns | left | right); free != 0; free &= free - 1) {
    const unsigned queen = free & -free;
    lifo.spawn(place, new Board{lifo, row + 1, columns | queen, (left | queen) << 1, (right | queen) >> 1});
  }
}

}  // namespace

int main() {
  try {
    Lifo lifo;
    lifo.enter();  // this thread is a guest now: it holds a hart and is the first context of the scheduler
    lifo.spawn(place, new Board{lifo, 0, 0, 0, 0});
    lifo.join();
    lifo.exit();
    std::printf("%u queens: %d solutions\n", size, solutions.load());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "lifo: %s\n", error.what());
    return 1;
  }
}
