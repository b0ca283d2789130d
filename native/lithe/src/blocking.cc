// Blocking sections: a context goes on without a hart, on its own kernel thread, and comes back.
//
// A donor leaves its carrier as if it blocked, but when it is off its stack the carrier does not mark it as resumable:
// it wakes the donor's own kernel thread (Carrier::arrive), which loads the stack pointer and goes on as that context.
// To come back the context unblocks itself and then parks its kernel thread. Whoever is told to run it meanwhile waits
// for `resumable`, which lithe_park sets when the stack is left.
//
// A guest is on its own kernel thread anyway. It passes its hart on, and at the end enters the loop of its home, which
// unblocks it and waits for mail.
//
// In between the context has no scheduler (`sched` is null), so that blocking and unblocking treat it as a thread
// outside. The scheduler cannot go meanwhile: it may not be left before its contexts have ended.
#include "lithe/blocking.h"

#include <cerrno>
#include <csignal>

#include "carrier.h"
#include "donor.h"
#include "identity.h"
#include "keep_errno.h"
#include "lithe/error.h"
#include "runtime.h"
#include "stress.h"

using namespace lithe::core;

extern "C" {

int lithe_blocking_begin(void) {
  Context *self = self_pointer;
  if (!self) return 0;
  if (self->kind == ContextKind::carrier) return LITHE_EPERM;
  if (!self->carrier) {
    if (self->blocking_depth > 0) ++self->blocking_depth;
    return 0;
  }
  if (self->carrier->in_callback) return LITHE_EPERM;
  const KeepErrno keep;
  stress_point();
  lithe_sched_t *sched = self->sched;
  if (self->kind == ContextKind::guest) {
    Carrier::part_from_hart(self);
  } else {
    Carrier::leave(self, Departure::offloaded);
    donor_is_on_its_own(self);
  }
  self->blocking_sched = sched;
  self->blocking_depth = 1;
  self->sched = nullptr;
  return 0;
}

int lithe_blocking_end(void) {
  Context *self = self_pointer;
  if (!self) return 0;
  if (self->kind == ContextKind::carrier) return LITHE_EPERM;
  if (self->blocking_depth == 0) return self->carrier ? LITHE_EPERM : 0;
  if (--self->blocking_depth > 0) return 0;
  const KeepErrno keep;
  self->sched = self->blocking_sched;
  stress_point();
  if (self->kind == ContextKind::guest) {
    Carrier::come_home(self);
  } else {
    donor_goes_back(self);
  }
  return 0;
}

int lithe_blocking_call(void (*call)(void *), void *arg) {
  if (!call) return LITHE_EINVAL;
  if (const int code = lithe_blocking_begin(); code != 0) return code;
  call(arg);
  return lithe_blocking_end();
}

}  // extern "C"
