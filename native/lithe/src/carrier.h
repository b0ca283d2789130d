// A kernel thread that can hold a hart: one that the runtime made, or a guest's own.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <sys/types.h>

#include "context.h"
#include "hart.h"
#include "idle_spin.h"
#include "interruption.h"
#include "mailbox.h"

namespace lithe::core {

// How the context that ran on a carrier leaves its stack. `preempted`: at an instruction of its own that has nothing to do
// with the runtime (interruption.h). `offloaded`: to go on without a hart, on its own kernel
// thread; `returning`: a guest that was without a hart wants one again.
enum class Departure : uint8_t { blocked, yielded, preempted, ended, offloaded, returning };

struct alignas(128) Carrier {
  // The hart it holds; null while it waits. Owned by the kernel thread itself.
  std::atomic<Hart *> hart{nullptr};
  Context identity{ContextKind::carrier};
  void *loop_sp = nullptr;  // the loop's stack pointer while a context runs
  void *loop_tp = nullptr;  // thread pointer of the kernel thread, under which the loop runs
  // The context that left last, from the moment it decided to until its stack is really left. Written and read on one
  // kernel thread: by the context that leaves, and by whoever runs next there (arrive).
  Context *departed = nullptr;
  Departure departure = Departure::blocked;
  void (*publish)(lithe_context_t *, void *) = nullptr;
  void *publish_arg = nullptr;
  // What hart_enter said on the stack of a context that could not do it itself; the loop does.
  lithe_decision_t pending{};
  bool has_pending = false;
  unsigned fruitless = 0;    // yields since a context ran here last
  uint64_t slice_start = 0;  // when this kernel thread first saw others in need; 0: not now
  IdleSpin idle_spin;
  bool is_new = true;        // it has not waited for its first mail yet
  bool in_callback = false;  // a scheduler decides on the stack of the context that leaves; nothing may suspend there

  // Idle pooled contexts of default stack size, last used first; only code that runs on this carrier touches it.
  Context *cache = nullptr;
  unsigned cache_count = 0;

  // On a line of its own: the owner polls it, and must not be disturbed before the mail is there.
  alignas(128) Mailbox mailbox;

  // What the root touches under its lock when it gives and takes harts is together on the next line.
  //
  // It has no hart and waits for mail; under the root lock. A carrier that the runtime made is then in the waiting list
  // and takes any hart; a guest's home is not, and takes only the hart that its guest shall run on, or one for the
  // guest's scheduler when the guest is ready.
  alignas(128) bool is_waiting = false;
  Carrier *waiting_next = nullptr;
  Carrier *waiting_prev = nullptr;
  // The guest whose home this is, else null.
  Context *guest = nullptr;
  // The hart on which the guest shall run, sent while this kernel thread carries another hart: it passes that one on at
  // its next scheduling point. Set under the root lock while !is_waiting, taken by the owner.
  std::atomic<Hart *> guest_hart{nullptr};
  Hart *coming =
      nullptr;  // the last hart mailed to it; under the root lock, and only believed while hart->carrier == this

  std::atomic<uint8_t> selector{0};  // whether system calls trap; written by the thread, read by the kernel (offload.h)
  std::atomic<bool> in_code{false};  // the code that runs is a context's own (code_mark.h)
  std::atomic<bool> should_yield{false};  // the context that runs has had its quantum (monitor.h)
  Interruption interruption;              // what the monitor wants of the context that runs
  int pinned_pu = -1;                     // where the kernel thread is pinned, -1 nowhere
  std::atomic<pid_t> tid{0};
  Carrier *all_next = nullptr;  // under Runtime::carriers_lock

  // A guest's home only.
  void *loop_stack = nullptr;  // mapped at the guest's first suspension
  size_t loop_stack_size = 0;
  ValgrindStack known_loop_stack;
  sanitizer::Fiber fiber;

  // Suspends `context`, which calls this on its own stack, and gives the hart to whatever its scheduler says. Returns when
  // the context is resumed, possibly on another carrier; for a context that ended, when its thread is used again.
  static void leave(Context *context, Departure why, void (*publish)(lithe_context_t *, void *) = nullptr,
                    void *publish_arg = nullptr);
  // Waits for mail; the calling thread is this one. True when the sender counts on it to go on with the wake-ups that it
  // has begun (Root::wake_more).
  Hart *await_mail(bool &was_woken);
  // A guest goes on without its hart, which another carrier takes over: the first half of a blocking section.
  static void part_from_hart(Context *guest);
  // The second half: returns when the guest has a hart of its scheduler again.
  static void come_home(Context *guest);
  // The first thing that runs on this kernel thread after a switch: the context that left is off its stack now.
  void arrive();
  void arrive_in_loop();
  // Decides and acts for ever. On the carrier's own stack.
  [[noreturn]] void loop();

 private:
  void announce();
  bool leave_directly(Context *context);
  static void enter_home_loop(Context *guest);
  void start_running(Context *context);
  void resume(Context *context);
  void run(Context *context);
  void act(const lithe_decision_t &decision);
  void grant(lithe_sched_t *child);
  void yield_hart();
  bool slice_is_over();
  void hand_to_home(Context *guest_context);
  void receive(Hart *arrived);
};

// What code of the program runs under on the runtime's threads: signals that a fault of the running code raises stay
// deliverable; all others belong to threads of the program.
sigset_t carrier_signal_mask();

// Starts a kernel thread that will carry `hart`. Returns 0 or LITHE_EAGAIN / LITHE_ENOMEM; on failure the hart is
// untouched.
int carrier_start(Hart *hart);

// Gives a guest's home the second stack on which its loop runs, once. Returns 0 or LITHE_ENOMEM.
int carrier_prepare_loop_stack(Carrier *home);
void carrier_free_loop_stack(Carrier *home);

}  // namespace lithe::core
