#include "lithe/futex.h"

#include <atomic>
#include <utility>

#include "futex_table.h"
#include "lithe/error.h"
#include "raw_lock.h"
#include "stress.h"
#include "waiter.h"

// The word is compared under the guard of its queue, and a wake takes the same guard: who changes the word and then
// wakes either is seen by the compare, or finds the waiter. A waiter's `key` changes only under the guards of both
// queues; who holds one of them and finds it there can rely on it.

using namespace lithe::core;

namespace {

uint32_t value_of(const uint32_t *word) {
  return std::atomic_ref<uint32_t>(*const_cast<uint32_t *>(word)).load(std::memory_order_seq_cst);
}

// A requeue may move the waiter between the look at its key and the guard.
void forsake(FutexTable &table, lithe_waiter *waiter) {
  std::atomic_ref<const void *> key(waiter->key);
  for (;;) {
    FutexQueue &queue = table.of(key.load(std::memory_order_relaxed));
    Locked lock(&queue.guard);
    if (&table.of(key.load(std::memory_order_relaxed)) != &queue) continue;
    waiters_unlink(queue.head, queue.tail, waiter);
    return;
  }
}

// Under the guard: claims up to `count` waiters of `word`, appended at `link`. Returns how many.
unsigned take(FutexQueue &queue, const uint32_t *word, unsigned count, lithe_waiter **link) {
  unsigned taken = 0;
  for (lithe_waiter *waiter = queue.head; waiter && taken < count;) {
    lithe_waiter *const after = waiter->next;
    if (waiter->key == word && waiter->claim(lithe_waiter::given)) {
      waiters_unlink(queue.head, queue.tail, waiter);
      *link = waiter;
      link = &waiter->next;
      ++taken;
    }
    waiter = after;
  }
  return taken;
}

}  // namespace

extern "C" {

int lithe_futex_wait(const uint32_t *word, uint32_t expected, uint64_t deadline) {
  if (value_of(word) != expected) return LITHE_EAGAIN;
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  FutexTable &table = current->futexes();
  lithe_waiter waiter;
  waiter.key = word;
  bool has_changed = false;
  code = wait_in(waiter, deadline, [&](lithe_waiter *self) {
    FutexQueue &queue = table.of(word);
    Locked lock(&queue.guard);
    has_changed = value_of(word) != expected;
    if (has_changed) return false;
    waiters_push(queue.head, queue.tail, self);
    return true;
  });
  if (code == LITHE_ETIMEDOUT) forsake(table, &waiter);
  return has_changed ? LITHE_EAGAIN : code;
}

int lithe_futex_wake(const uint32_t *word, unsigned count) {
  Runtime *current = runtime_if_started();
  if (!current) return 0;
  FutexQueue &queue = current->futexes().of(word);
  lithe_waiter *first = nullptr;
  unsigned woken;
  {
    Locked lock(&queue.guard);
    woken = take(queue, word, count, &first);
  }
  stress_point();
  waiters_unblock(first);
  return static_cast<int>(woken);
}

int lithe_futex_requeue(const uint32_t *word, uint32_t expected, unsigned wake, const uint32_t *target, unsigned move) {
  int code = 0;
  Runtime *current = runtime_start(code);
  if (!current) return code;
  FutexQueue *from = &current->futexes().of(word);
  FutexQueue *to = &current->futexes().of(target);
  FutexQueue *low = from, *high = to;
  if (high < low) std::swap(low, high);  // one order for everybody
  lithe_waiter *first = nullptr;
  unsigned count;
  {
    Locked lock(&low->guard);
    if (high != low) RawLock::take(&high->guard);
    const bool is_expected = value_of(word) == expected;
    count = is_expected ? take(*from, word, wake, &first) : 0;
    for (lithe_waiter *waiter = is_expected ? from->head : nullptr; waiter && move > 0 && word != target;) {
      lithe_waiter *const after = waiter->next;
      if (waiter->key == word && waiter->is_waiting()) {
        waiters_unlink(from->head, from->tail, waiter);
        std::atomic_ref<const void *>(waiter->key).store(target, std::memory_order_relaxed);
        waiters_push(to->head, to->tail, waiter);
        --move;
        ++count;
      }
      // In the same queue the moved one is at the end now; `after` is still the one that followed it.
      waiter = after;
    }
    if (high != low) RawLock::drop(&high->guard);
    if (!is_expected) return LITHE_EAGAIN;
  }
  waiters_unblock(first);
  return static_cast<int>(count);
}

}  // extern "C"
