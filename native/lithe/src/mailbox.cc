#include "mailbox.h"

#include <bit>

#include "hart.h"
#include "park.h"
#include "runtime.h"

namespace lithe::core {

bool Mailbox::send(Hart *hart) {
  destination_.store(hart->sched.load(std::memory_order_relaxed), std::memory_order_relaxed);
  // Before the exchange, after which the owner may be gone. One that goes to sleep in between does not learn the time.
  if (value_.load(std::memory_order_relaxed) == parked) sent_at_.store(now_ns(), std::memory_order_relaxed);
  if (value_.exchange(reinterpret_cast<uint64_t>(hart), std::memory_order_acq_rel) != parked) return false;
  runtime().wakes.fetch_add(1, std::memory_order_relaxed);
  futex_wake(reinterpret_cast<const uint32_t *>(&value_), 1);
  return true;
}

void Mailbox::rest() {
  uint64_t expected = empty;
  value_.compare_exchange_strong(expected, rest_value, std::memory_order_relaxed);
}

bool Mailbox::take_back(Hart *hart) {
  uint64_t expected = reinterpret_cast<uint64_t>(hart);
  return value_.compare_exchange_strong(expected, rest_value, std::memory_order_acq_rel, std::memory_order_relaxed);
}

Hart *Mailbox::wait(uint64_t spin_ns, Wait &wait) {
  wait = {};
  Spin spin(spin_ns);
  while (value_.load(std::memory_order_relaxed) == empty && spin.again()) {
  }
  wait.length_ns = spin.elapsed_ns();
  uint64_t asleep_since = 0;
  for (;;) {
    uint64_t value = value_.load(std::memory_order_relaxed);
    if (value > rest_value) {
      // Senders do not overwrite mail, but it may be taken back.
      __builtin_prefetch(reinterpret_cast<const Hart *>(value), 1);
      __builtin_prefetch(destination_.load(std::memory_order_relaxed));
      if (!value_.compare_exchange_strong(value, empty, std::memory_order_acquire, std::memory_order_relaxed)) continue;
      if (wait.has_slept) {
        const uint64_t now = now_ns();
        const uint64_t sent = sent_at_.load(std::memory_order_relaxed);
        if (sent > asleep_since && sent < now) wait.wake_cost_ns = now - sent;
        wait.length_ns += now - asleep_since - wait.wake_cost_ns;
      }
      return reinterpret_cast<Hart *>(value);
    }
    if (value != parked &&
        !value_.compare_exchange_strong(value, parked, std::memory_order_relaxed, std::memory_order_relaxed)) {
      continue;
    }
    if (!wait.has_slept) asleep_since = now_ns();
    wait.has_slept = true;
    static_assert(std::endian::native == std::endian::little, "the futex must be on the half that shows `parked`");
    // Little endian: the low half of the word is where `parked` shows. A Hart* is 128-aligned, so never equal to it.
    futex_wait(reinterpret_cast<const uint32_t *>(&value_), static_cast<uint32_t>(parked));
  }
}

}  // namespace lithe::core
