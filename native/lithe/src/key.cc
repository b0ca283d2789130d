#include "lithe/key.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "identity.h"
#include "key_values.h"
#include "lithe/error.h"
#include "stress.h"

// A key in use has an odd round; making and ending one raise it by one. Rounds are compared, never waited for: who uses
// a key while another ends it gets the answer of before or of after.
//
// Slots that nobody has are in a stack, linked by index, so that making a key costs the same however many there are. Who
// makes a key pops a slot and owns it until it has raised the round; who ends one raises the round, by compare-exchange,
// so that one of two wins and pushes. No lock: a forked child must not find one taken for ever. The head carries a count
// that each change raises, or a slot that was popped, used and pushed again meanwhile would pass for one that never
// moved (ABA). Pushing is a release and popping an acquire: the next owner sees the round that the last one left.

namespace lithe::core {
namespace {

struct Key {
  std::atomic<uint32_t> round{0};
  std::atomic<uint32_t> below{0};  // while it is in the stack: the next slot's number + 1, or 0
  std::atomic<void (*)(void *)> destructor{nullptr};
};

// Of the process, not of the runtime: a forked child has the same keys.
Key keys[LITHE_KEYS_MAX];
// The stack of slots that were used before: a count of changes above, the top slot's number + 1 or 0 below.
std::atomic<uint64_t> free_keys{0};
// From here on slots have never been used; it may rise beyond LITHE_KEYS_MAX, then there are none.
std::atomic<uint32_t> never_used{0};

constexpr uint64_t one_change = uint64_t{1} << 32;

uint32_t top_of(uint64_t stack) { return static_cast<uint32_t>(stack); }
uint64_t changed(uint64_t stack, uint32_t top) { return (((stack >> 32) + 1) * one_change) | top; }

// Returns LITHE_KEYS_MAX when all are in use.
uint32_t take_slot() {
  uint64_t stack = free_keys.load(std::memory_order_acquire);
  while (const uint32_t top = top_of(stack)) {
    // May be read while another pops it and pushes it back; then the exchange fails.
    const uint32_t below = keys[top - 1].below.load(std::memory_order_relaxed);
    if (free_keys.compare_exchange_weak(stack, changed(stack, below), std::memory_order_acquire)) return top - 1;
  }
  uint32_t index = never_used.load(std::memory_order_relaxed);
  while (index < LITHE_KEYS_MAX && !never_used.compare_exchange_weak(index, index + 1, std::memory_order_relaxed)) {
  }
  return index;
}

void put_slot(uint32_t index) {
  uint64_t stack = free_keys.load(std::memory_order_relaxed);
  do {
    keys[index].below.store(top_of(stack), std::memory_order_relaxed);
    stress_point();
  } while (!free_keys.compare_exchange_weak(stack, changed(stack, index + 1), std::memory_order_release,
                                            std::memory_order_relaxed));
}

bool is_in_use(uint32_t round) { return (round & 1) != 0; }

bool is_alive(const lithe_key_t &key) {
  return key.index < LITHE_KEYS_MAX && is_in_use(key.round) &&
         keys[key.index].round.load(std::memory_order_acquire) == key.round;
}

}  // namespace

KeyValues::Slot *KeyValues::make(uint32_t index) {
  if (index >= size_) {
    const uint32_t size = std::max({index + 1, size_ * 2, uint32_t{8}});
    std::unique_ptr<Slot[]> more(new (std::nothrow) Slot[size]);
    if (!more) return nullptr;
    std::copy_n(slots_.get(), size_, more.get());
    slots_ = std::move(more);
    size_ = size;
  }
  return &slots_[index];
}

void KeyValues::end() {
  constexpr int most_turns = 4;
  bool has_run = size_ > 0;
  for (int turn = 0; turn < most_turns && has_run; ++turn) {
    has_run = false;
    for (uint32_t i = 0; i < size_; ++i) {
      const Slot slot = slots_[i];
      if (!slot.value) continue;
      // The round is looked at last: it says whose destructor was read. A key that is made anew in between has another.
      void (*const destructor)(void *) = keys[i].destructor.load(std::memory_order_acquire);
      if (!destructor || keys[i].round.load(std::memory_order_acquire) != slot.round) continue;
      slots_[i].value = nullptr;  // what has no destructor stays: the others may look at it
      destructor(slot.value);     // may set values, and make the array grow
      has_run = true;
    }
  }
  slots_.reset();
  size_ = 0;
}

}  // namespace lithe::core

using namespace lithe::core;

extern "C" {

int lithe_key_create(lithe_key_t *out, void (*destructor)(void *)) {
  const uint32_t index = take_slot();
  if (index >= LITHE_KEYS_MAX) return LITHE_EAGAIN;
  const uint32_t round = keys[index].round.load(std::memory_order_relaxed) + 1;
  // Nobody has the key before this call returns; one that ended here has other rounds.
  keys[index].destructor.store(destructor, std::memory_order_release);
  keys[index].round.store(round, std::memory_order_release);
  *out = {index, round};
  return 0;
}

int lithe_key_delete(lithe_key_t key) {
  if (!is_alive(key)) return LITHE_EINVAL;
  uint32_t round = key.round;
  if (!keys[key.index].round.compare_exchange_strong(round, round + 1, std::memory_order_acq_rel)) return LITHE_EINVAL;
  put_slot(key.index);
  return 0;
}

void *lithe_key_get(lithe_key_t key) {
  Context *self = self_pointer;
  if (!self || !is_alive(key)) return nullptr;
  const KeyValues::Slot *slot = self->keys.find(key.index);
  return slot && slot->round == key.round ? slot->value : nullptr;
}

int lithe_key_set(lithe_key_t key, void *value) {
  if (!is_alive(key)) return LITHE_EINVAL;
  Context *self = identity_self();
  if (!self) return LITHE_ENOMEM;
  if (self->kind == ContextKind::carrier) return LITHE_EPERM;
  KeyValues::Slot *slot = self->keys.make(key.index);
  if (!slot) return LITHE_ENOMEM;
  *slot = {key.round, value};
  return 0;
}

}  // extern "C"
