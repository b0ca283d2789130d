/* Doacross loops: `ordered(n)` with `depend(sink: ...)` and `depend(source)`.
 *
 * The iterations of n loops are vectors; the outermost loop (or those that collapse makes one) is divided among the
 * threads as any loop is, and an iteration may wait for earlier ones to have posted. The compiler passes iteration
 * numbers, from 0, for each of the n loops. */
#ifndef HARTS_OPENMP_DOACROSS_HPP
#define HARTS_OPENMP_DOACROSS_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "lithe/context.h"
#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/workshare.hpp"

namespace harts::omp {

struct Member;

/* What the threads of a team share about one doacross loop.
 *
 * The outer iterations are in rows that one thread runs from first to last: all of a thread's when the schedule is static,
 * else a chunk, or one iteration when chunks have no fixed length. A row has one word, the number of its iterations that
 * have posted, counted in the order of all iterations; so an iteration has posted when the word of its row is beyond it.
 *
 * A wait and a post meet like this: the waiter links itself, counts itself in `waiting_`, and looks at the word again; the
 * poster writes the word and then looks at `waiting_`. All four are sequentially consistent, so one sees the other. A
 * poster wakes whoever can go on, also those whose word another has written: it acquires that word, and hands it on. */
class Doacross {
 public:
  /* Ends the process with a sentence when there are more iterations than a word can count, or no memory. */
  Doacross(const LoopSpec &loop, unsigned team_size, unsigned depth, const uint64_t *counts);

  /* Iteration `numbers` is done as far as others wait for it. Callable from: the member that runs it. */
  void post(const uint64_t *numbers);
  /* Returns when iteration `numbers` has posted. One that is not in the loop is not waited for. */
  void wait(Member &member, const uint64_t *numbers);

  unsigned depth() const { return depth_; }

 private:
  struct Waiter {
    lithe_context_t *context;
    const std::atomic<uint64_t> *word;
    uint64_t position;
    Waiter *next;
  };
  struct Wait;
  static constexpr unsigned kWordsInLine = 8;
  static constexpr uint64_t kMostRowsApart = 4096;
  static void enqueue(lithe_context_t *context, void *wait);
  uint64_t position_of(const uint64_t *numbers) const;
  std::atomic<uint64_t> &word_of(uint64_t outer) const;

  const LoopSpec loop_;
  const unsigned team_size_;
  const unsigned depth_;
  std::unique_ptr<uint64_t[]> counts_;
  /* The rows' words. Each thread writes its rows only, so a word has a line to itself, or they would disturb one another;
   * unless there are very many. */
  unsigned stride_ = kWordsInLine;
  std::unique_ptr<std::atomic<uint64_t>[]> posted_;
  std::atomic<unsigned> waiting_{0};
  Guard guard_; /* of the list */
  Waiter *waiters_ = nullptr;
};

}  // namespace harts::omp

#endif
