// Guests of the root scheduler: how a foreign thread gets a hart, keeps it for a while, and comes home to its own kernel
// thread when it was blocked.
#include <sched.h>

#include "code_mark.h"
#include "decision.h"
#include "raw_lock.h"
#include "root.h"
#include "runtime.h"
#include "stress.h"
#include "trace.h"

namespace lithe::core {

// The kernel thread of the guest that entered `sched`, if it has nothing to do.
Carrier *Root::waiting_home(lithe_sched_t *sched) {
  lithe_context_t *main = sched->internal.main_context;
  if (!main || inside(main)->kind != ContextKind::guest || !inside(main)->home->is_waiting) return nullptr;
  return inside(main)->home;
}

// For a guest's home, whose kernel thread is not pinned: prefers the hart of the PU that the thread is on (`pu`, -1 if
// unknown), because the carrier of that PU would share it with the guest until the kernel moves one of them, which takes
// milliseconds; then the hart that the thread carried last. The carrier that had the hart since may rest.
Hart *Root::pop_idle_for(Carrier *home, int pu) {
  Hart **from = &idle_;
  for (Hart **link = &idle_; *link; link = &(*link)->idle_next) {
    if ((*link)->place.pu_os == pu) {
      from = link;
      break;
    }
    if ((*link)->last_carrier == home) from = link;
  }
  if (!*from) return nullptr;
  Hart *hart = unlink_idle(from);
  Carrier *last = hart->last_carrier;
  if (last && last != home && last->is_waiting) last->mailbox.rest();
  return hart;
}

Hart *Root::reclaim_any() {
  if (!lenders_) return nullptr;
  Context *guest = inside(lenders_);
  Hart *hart = guest->lent;
  unlink_lender(guest);
  return hart;
}

// Three ways, the cheapest first; in the first two the carrier keeps its hart and goes on in the same scheduler.
void Root::hand_over(Carrier *carrier, Context *guest) {
  Hart *hart = carrier->hart.load(std::memory_order_relaxed);
  lithe_sched_t *sched = hart->sched.load(std::memory_order_relaxed);
  Carrier *home = guest->home;
  Hart *mail = nullptr;
  {
    Locked lock(&lock_);
    Hart *coming = home->coming;
    Context *nobody = nullptr;
    if (!home->is_waiting && coming && coming->carrier.load(std::memory_order_relaxed) == home &&
        coming->sched.load(std::memory_order_relaxed) == sched &&
        coming->first.compare_exchange_strong(nobody, guest, std::memory_order_release, std::memory_order_relaxed)) {
      return;  // a hart of this scheduler is in the mail to the home, unread: the guest goes with it
    }
    if (home->is_waiting && (mail = pop_idle_for(home, -1)) != nullptr) {
      // An idle hart goes straight to the guest's scheduler. It joins every scheduler on the way down.
      for (lithe_sched_t *at = sched; at != &handle_.sched; at = at->parent) {
        sched_add_hart(at);
        if (at->parent == &handle_.sched) note_holder(at);
      }
      mail->sched.store(sched, std::memory_order_relaxed);
    } else {
      mail = hart;
      if (carrier->guest && carrier->guest_hart.load(std::memory_order_relaxed)) {
        carrier->hart.store(nullptr, std::memory_order_relaxed);
      } else {
        start_waiting(carrier);
        carrier->mailbox.rest();  // its hart is at work elsewhere: no spinning
      }
    }
    mail->first.store(guest, std::memory_order_relaxed);
    mail->carrier.store(home, std::memory_order_relaxed);
    mail->last_carrier = home;
    if (!home->is_waiting) {
      home->guest_hart.store(mail, std::memory_order_release);
      return;
    }
    stop_waiting(home);
    home->coming = mail;
  }
  home->mailbox.send(mail);
}

void Root::await_mail(Carrier *home) {
  Locked lock(&lock_);
  start_waiting(home);
}

int Root::attach(Context *guest) {
  Carrier *home = guest->home;
  if (int code = carrier_prepare_loop_stack(home); code != 0) return code;
  guest->sched = &handle_.sched;
  const int pu = runtime_.topology().is_pinned ? runtime_.topology().pu_with_hart(sched_getcpu()) : -1;
  bool has_put_back = false, was_woken = false;
  Hart *hart;
  {
    Locked lock(&lock_);
    hart = guest->lent;
    if (hart) unlink_lender(guest);
    if (hart && pu >= 0 && hart->place.pu_os != pu) {
      // The kernel has moved the guest's thread meanwhile: the hart of its new PU is better, if it can be had.
      push_idle(hart);
      hart = pop_idle_for(home, pu);
      has_put_back = true;
    }
    if (hart || (hart = pop_idle_for(home, pu)) != nullptr || (hart = reclaim_any()) != nullptr) {
      hart->last_carrier = home;
      hart->sched.store(&handle_.sched, std::memory_order_relaxed);
      hart->first.store(Hart::taken(), std::memory_order_relaxed);
      hart->carrier.store(home, std::memory_order_relaxed);
    } else {
      guest->resumable.store(1, std::memory_order_relaxed);
      guest->state.store(ContextState::ready, std::memory_order_relaxed);
      push_ready(guest);
      home->is_waiting = true;
    }
  }
  if (has_put_back) dispatch();
  if (!hart) {
    stress_point();
    hart = home->await_mail(was_woken);
    hart->first.store(Hart::taken(), std::memory_order_relaxed);
    guest->resumable.store(0, std::memory_order_relaxed);
  }
  home->hart.store(hart, std::memory_order_relaxed);
  guest->carrier = home;
  guest->ran = true;
  guest->state.store(ContextState::running, std::memory_order_relaxed);
  trace(Event::guest_in, home, guest);
  if (was_woken) wake_more();
  runtime_.monitor().notice();
  return 0;
}

void Root::detach(Context *guest) {
  Carrier *home = guest->home;
  Hart *hart = home->hart.load(std::memory_order_relaxed);
  trace(Event::guest_out, home, guest);
  code_left(home);
  guest->sched = nullptr;
  guest->carrier = nullptr;
  home->hart.store(nullptr, std::memory_order_relaxed);
  guest->state.store(ContextState::outside, std::memory_order_relaxed);
  bool wanted;
  {
    Locked lock(&lock_);
    if (!hart->is_wanted.load(std::memory_order_relaxed)) {
      push_idle(hart);  // offline
      return;
    }
    hart->carrier.store(nullptr, std::memory_order_relaxed);
    hart->first.store(nullptr, std::memory_order_relaxed);
    guest->lent = hart;
    guest->next = lenders_;
    lenders_ = guest;
    spare_.fetch_add(1, std::memory_order_seq_cst);
    wanted = ready_head_ || next_that_wants();
  }
  if (wanted) dispatch();
}

void Root::unlink_lender(Context *guest) {
  for (lithe_context_t **link = &lenders_; *link; link = &(*link)->next) {
    if (*link == guest) {
      *link = guest->next;
      break;
    }
  }
  guest->next = nullptr;
  guest->lent = nullptr;
  spare_.fetch_sub(1, std::memory_order_relaxed);
}

void Root::forget(Carrier *home) {
  Locked lock(&lock_);
  for (int i = 0; i < runtime_.hart_count(); ++i) {
    Hart &hart = runtime_.harts()[i];
    if (hart.last_carrier == home) hart.last_carrier = nullptr;
  }
}

void Root::reclaim_from(Context *guest) {
  {
    Locked lock(&lock_);
    Hart *hart = guest->lent;
    if (!hart) return;
    unlink_lender(guest);
    push_idle(hart);
  }
  dispatch();
}

}  // namespace lithe::core
