// The values that one context has for keys.
#pragma once

#include <cstdint>
#include <memory>

namespace lithe::core {

// A value counts only while its `round` is the key's: a key that was ended and made again starts empty everywhere,
// without a visit to every context. Touched by its own context only.
class KeyValues {
 public:
  struct Slot {
    uint32_t round = 0;
    void *value = nullptr;
  };
  const Slot *find(uint32_t index) const { return index < size_ ? &slots_[index] : nullptr; }
  // Null when memory is exhausted.
  Slot *make(uint32_t index);
  // Runs the destructors, and forgets everything.
  void end();

 private:
  std::unique_ptr<Slot[]> slots_;
  uint32_t size_ = 0;
};

}  // namespace lithe::core
