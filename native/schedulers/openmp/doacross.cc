#include "schedulers/openmp/doacross.hpp"

#include <algorithm>
#include <cstdarg>
#include <mutex>
#include <new>

#include "lithe/lithe.h"
#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

/* The rows of a loop; see Doacross. */
uint64_t row_count(const LoopSpec &loop, unsigned team_size) {
  if (loop.kind == kStatic) return team_size;
  if (loop.kind == kGuided) return loop.trips;
  return (loop.trips - 1) / loop.chunk + 1;
}

uint64_t row_of(const LoopSpec &loop, unsigned team_size, uint64_t outer) {
  if (loop.kind == kGuided) return outer;
  if (loop.kind != kStatic) return outer / loop.chunk;
  if (loop.chunk != 0) return outer / loop.chunk % team_size;
  /* Blocks, the first `longer` of them one longer: worksharing.cc, take_block. */
  const uint64_t length = loop.trips / team_size;
  const uint64_t longer = loop.trips % team_size;
  const uint64_t in_longer = longer * (length + 1);
  return outer < in_longer ? outer / (length + 1) : longer + (outer - in_longer) / length;
}

}  // namespace

Doacross::Doacross(const LoopSpec &loop, unsigned team_size, unsigned depth, const uint64_t *counts)
    : loop_(loop), team_size_(team_size), depth_(depth), counts_(new (std::nothrow) uint64_t[depth]) {
  uint64_t all = 1;
  for (unsigned i = 0; i < depth; ++i) {
    if (__builtin_mul_overflow(all, counts[i], &all)) fatal("a doacross loop has more than 2^64 iterations");
  }
  const uint64_t rows = row_count(loop, team_size);
  if (rows > kMostRowsApart) stride_ = 1;
  constexpr uint64_t most = PTRDIFF_MAX / sizeof(uint64_t);
  if (rows <= most / stride_) posted_.reset(new (std::nothrow) std::atomic<uint64_t>[rows * stride_] {});
  if (!counts_ || !posted_) fatal("out of memory for a doacross loop with %llu rows", (unsigned long long)rows);
  std::copy_n(counts, depth, counts_.get());
}

uint64_t Doacross::position_of(const uint64_t *numbers) const {
  uint64_t position = 0;
  for (unsigned i = 0; i < depth_; ++i) position = position * counts_[i] + numbers[i];
  return position;
}

std::atomic<uint64_t> &Doacross::word_of(uint64_t outer) const {
  return posted_[row_of(loop_, team_size_, outer) * stride_];
}

void Doacross::post(const uint64_t *numbers) {
  std::atomic<uint64_t> &word = word_of(numbers[0]);
  word.store(position_of(numbers) + 1, std::memory_order_seq_cst);
  if (waiting_.load(std::memory_order_seq_cst) == 0) return;
  Waiter *ready = nullptr;
  {
    std::lock_guard<Guard> hold(guard_);
    for (Waiter **link = &waiters_; *link != nullptr;) {
      Waiter *waiter = *link;
      if (waiter->word->load(std::memory_order_acquire) <= waiter->position) {
        link = &waiter->next;
        continue;
      }
      *link = waiter->next;
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      waiter->next = ready;
      ready = waiter;
    }
  }
  while (ready != nullptr) {
    lithe_context_t *context = ready->context;
    ready = ready->next; /* the waiter is on the context's stack */
    lithe_context_unblock(context);
  }
}

struct Doacross::Wait {
  Doacross *loop;
  Waiter waiter;
};

/* On the carrier, when the context has left its stack. */
void Doacross::enqueue(lithe_context_t *context, void *argument) {
  Wait &wait = *static_cast<Wait *>(argument);
  Doacross &loop = *wait.loop;
  {
    std::lock_guard<Guard> hold(loop.guard_);
    loop.waiting_.fetch_add(1, std::memory_order_seq_cst);
    if (wait.waiter.word->load(std::memory_order_seq_cst) <= wait.waiter.position) {
      wait.waiter.context = context;
      wait.waiter.next = loop.waiters_;
      loop.waiters_ = &wait.waiter;
      return;
    }
    loop.waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
  lithe_context_unblock(context);
}

void Doacross::wait(Member &member, const uint64_t *numbers) {
  for (unsigned i = 0; i < depth_; ++i) {
    if (numbers[i] >= counts_[i]) return;
  }
  const std::atomic<uint64_t> &word = word_of(numbers[0]);
  const uint64_t position = position_of(numbers);
  const auto has_posted = [&] { return word.load(std::memory_order_acquire) > position; };
  if (has_posted() || member.team->crew->spin_until(member, true, has_posted)) return;
  Wait wait{this, {nullptr, &word, position, nullptr}};
  lithe_context_block(&enqueue, &wait);
}

Doacross *share_doacross(Member &member, unsigned depth, const uint64_t *counts) {
  /* One thread runs all in order; and nobody waits in a loop without iterations, whose counts mean nothing. */
  if (member.team->crew == nullptr || member.loop.trips == 0) return nullptr;
  std::atomic<Doacross *> &shared = member.share->doacross;
  Doacross *there = shared.load(std::memory_order_acquire);
  if (there != nullptr) return there;
  Doacross *fresh = new (std::nothrow) Doacross(member.loop, member.team->size, depth, counts);
  if (fresh == nullptr) fatal("out of memory for a doacross loop");
  if (shared.compare_exchange_strong(there, fresh, std::memory_order_acq_rel, std::memory_order_acquire)) return fresh;
  delete fresh;
  return there;
}

}  // namespace harts::omp

using namespace harts::omp;

namespace {

using Ull = unsigned long long;

Doacross *loop_of(const Member &member) { return member.share->doacross.load(std::memory_order_relaxed); }

template <typename Value>
void post(const Value *numbers) {
  static_assert(sizeof(Value) == sizeof(uint64_t));
  if (Doacross *loop = loop_of(self())) loop->post(reinterpret_cast<const uint64_t *>(numbers));
}

/* The numbers of the other loops come as further arguments. */
template <typename Value>
void wait(Value first, va_list rest) {
  Member &member = self();
  Doacross *loop = loop_of(member);
  if (loop == nullptr) return;
  uint64_t few[8];
  std::unique_ptr<uint64_t[]> many;
  uint64_t *numbers = few;
  if (loop->depth() > sizeof few / sizeof *few) {
    many.reset(new (std::nothrow) uint64_t[loop->depth()]);
    if (!many) fatal("out of memory for a doacross loop");
    numbers = many.get();
  }
  numbers[0] = static_cast<uint64_t>(first);
  for (unsigned i = 1; i < loop->depth(); ++i) numbers[i] = static_cast<uint64_t>(va_arg(rest, Value));
  loop->wait(member, numbers);
}

}  // namespace

HARTS_OMP_API void GOMP_doacross_post(long *numbers) { post(numbers); }
HARTS_OMP_API void GOMP_doacross_ull_post(Ull *numbers) { post(numbers); }

HARTS_OMP_API void GOMP_doacross_wait(long first, ...) {
  va_list rest;
  va_start(rest, first);
  wait<long>(first, rest);
  va_end(rest);
}
HARTS_OMP_API void GOMP_doacross_ull_wait(Ull first, ...) {
  va_list rest;
  va_start(rest, first);
  wait<Ull>(first, rest);
  va_end(rest);
}
