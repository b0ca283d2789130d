#include "lithe/key.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "identity.h"
#include "key_values.h"
#include "lithe/error.h"

// A key in use has an odd round; making and ending one raise it by one. Rounds are compared, never waited for: who uses
// a key while another ends it gets the answer of before or of after.

namespace lithe::core {
namespace {

struct Key {
  std::atomic<uint32_t> round{0};
  std::atomic<void (*)(void *)> destructor{nullptr};
};

// Of the process, not of the runtime: a forked child has the same keys.
Key keys[LITHE_KEYS_MAX];

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
  for (uint32_t index = 0; index < LITHE_KEYS_MAX; ++index) {
    uint32_t round = keys[index].round.load(std::memory_order_relaxed);
    if (is_in_use(round)) continue;
    // From here on nobody else takes the slot, and nobody has the key before this call returns.
    if (!keys[index].round.compare_exchange_strong(round, round + 1, std::memory_order_acq_rel)) continue;
    keys[index].destructor.store(destructor, std::memory_order_release);
    *out = {index, round + 1};
    return 0;
  }
  return LITHE_EAGAIN;
}

int lithe_key_delete(lithe_key_t key) {
  if (!is_alive(key)) return LITHE_EINVAL;
  uint32_t round = key.round;
  return keys[key.index].round.compare_exchange_strong(round, round + 1, std::memory_order_acq_rel) ? 0 : LITHE_EINVAL;
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
