// How a hart reaches a carrier that has none.
#pragma once

#include <atomic>
#include <cstdint>

#include "lithe/sched.h"

namespace lithe::core {

struct Hart;

// One word. Values:
//   empty    nobody has written; the owner may be spinning on it
//   parked   the owner sleeps in the kernel on the word
//   rest     the owner shall stop spinning and sleep: its hart has been given to another kernel thread
//   else     a Hart*, whose fields were written before
// The owner moves empty/rest -> parked and Hart* -> empty, each by compare-exchange; who takes unread mail back moves
// Hart* -> rest in the same way. A sender exchanges and wakes the owner if it finds `parked`. Sender's exchange is a
// release and the owner's is an acquire, so the hart's fields travel with the mail. Only one sender addresses a carrier: the
// one that cleared its `is_waiting` under the root lock. A sender touches nothing of the mailbox after its exchange; the
// owner may be gone then.
class Mailbox {
 public:
  // True when the owner slept and has been woken.
  bool send(Hart *hart);
  // Asks a spinning owner to sleep; harmless at any other time.
  void rest();
  // Takes the hart out again if the owner has not read it; the owner goes on sleeping. Under the root lock.
  bool take_back(Hart *hart);

  // What the owner knows of a wait that is over.
  struct Wait {
    bool has_slept = false;     // it went to the kernel
    uint64_t length_ns = 0;     // until the mail was sent, about
    uint64_t wake_cost_ns = 0;  // from then until the owner ran; 0 when it did not sleep, or does not know
  };
  // Waits: spins for `spin_ns`, then sleeps.
  Hart *wait(uint64_t spin_ns, Wait &wait);

 private:
  static constexpr uint64_t empty = 0, parked = 1, rest_value = 2;
  std::atomic<uint64_t> value_{empty};
  // The scheduler that the hart is with. Only for fetching: it travels on the line of the mail, so the receiver can have
  // the hart's line and the scheduler's at once. Not to be followed; the scheduler may have gone.
  std::atomic<const lithe_sched_t *> destination_{nullptr};
  // When the last mail to a sleeper was sent; a mail that found the owner awake does not say. Relaxed: it is written before
  // the exchange of `value_` that is a release, and read after the one that is an acquire.
  std::atomic<uint64_t> sent_at_{0};
};

}  // namespace lithe::core
