// Blocking, unblocking, yielding and blocking sections of contexts: Carrier::leave, leave_directly, announce, arrive, run
// and loop (carrier.cc), lithe_context_unblock (context.cc), donor_is_on_its_own and donor_goes_back (donor.cc).
//
// Two carriers run two contexts of one scheduler. A context leaves its stack TURNS times, each time by blocking, by
// yielding, or for a blocking section on its own kernel thread; a thread outside unblocks what is published.
//
// Properties: a context is resumed exactly once per unblock, and never before its stack was left; nobody waits for ever,
// above all not two carriers whose contexts pick each other.
//
// check:
// check: TURNS=3
// broken: BREAK_WAIT_BEFORE_ARRIVE -> deadlock
// broken: BREAK_FLAG_BEFORE_SWITCH -> assertion
// broken: BREAK_NO_WAIT_FOR_FLAG -> assertion
// broken: BREAK_PARK_BEFORE_READY -> assertion
// broken: BREAK_UNBLOCK_TWICE -> assertion

#define CONTEXTS 2
#define CARRIERS 2
#ifndef TURNS
#define TURNS 2
#endif

#define NOBODY 9
#define OWN_THREAD 8  // a context's own kernel thread runs on the stack
#define BLOCKED 0
#define YIELDED 1
#define OFFLOADED 2
#define ENDED 3

bool ready[CONTEXTS];      // in the scheduler's queue
bool resumable[CONTEXTS];  // Context::resumable
bool published[CONTEXTS];  // known to the one who shall unblock it
bool wake[CONTEXTS];       // Context::wake, the futex word of its kernel thread
byte on_stack[CONTEXTS];   // whose kernel thread is on the context's stack
byte owed[CONTEXTS];       // times that it has become ready and has not been resumed for
byte turns[CONTEXTS];
byte ended;

inline make_ready(c) {
  // One entry in the queue for each unblock; a second one would be a context that is resumed twice.
  d_step { assert(!ready[c] && owed[c] == 0); owed[c]++; ready[c] = true }
}

// Scheduler::hart_enter: takes any context from the queue, NOBODY when there is none.
inline hart_enter(out) {
  atomic {
    if
    :: ready[0] -> ready[0] = false; out = 0
    :: ready[1] -> ready[1] = false; out = 1
    :: else -> out = NOBODY
    fi
  }
}

// Somebody begins to run on the stack of `c`.
inline step_onto(c, who) {
  d_step { assert(on_stack[c] == NOBODY); on_stack[c] = who }
}
inline note_resumed(c) { d_step { assert(owed[c] == 1); owed[c]-- } }

// Carrier::arrive
inline arrive() {
  if
  :: departed == NOBODY
  :: departed != NOBODY && why == OFFLOADED -> wake[departed] = true; departed = NOBODY  // donor_wake
  :: departed != NOBODY && why == ENDED -> departed = NOBODY
  :: else ->
#ifndef BREAK_FLAG_BEFORE_SWITCH
    resumable[departed] = true;
#endif
    departed = NOBODY
  fi
}

proctype Carrier(byte me) {
  byte self = NOBODY, next = NOBODY, departed = NOBODY, why;

loop:  // on the carrier's own stack
  arrive();  // arrive_in_loop
  if
  :: next == NOBODY -> hart_enter(next)
  :: else  // the pending decision of the context that left
  fi;
  if
  :: next == NOBODY ->
    // The hart is yielded; it comes back when something is ready.
end_idle:
    if
    :: ready[0] || ready[1] -> goto loop
    :: ended == CONTEXTS -> goto over
    fi
  :: else
  fi;
  // run
#ifndef BREAK_NO_WAIT_FOR_FLAG
  resumable[next];
#endif
  resumable[next] = false;
  self = next;
  next = NOBODY;
  step_onto(self, me);
  note_resumed(self);

running:  // on the stack of `self`, which decides how it leaves
  if
  :: turns[self] == TURNS -> why = ENDED
  :: turns[self] < TURNS -> why = BLOCKED
  :: turns[self] < TURNS -> why = YIELDED
  :: turns[self] < TURNS -> why = OFFLOADED
  fi;
  if :: why != ENDED -> turns[self] = turns[self] + 1 :: else fi;
  // leave, leave_directly
  departed = self;
#ifdef BREAK_FLAG_BEFORE_SWITCH
  if :: why == BLOCKED || why == YIELDED -> resumable[self] = true :: else fi;
#endif
  // announce
  if
  :: why == BLOCKED -> published[self] = true
  :: why == YIELDED -> make_ready(self)
  :: why == ENDED -> ended++
  :: why == OFFLOADED  // nobody else knows it yet
  fi;
  hart_enter(next);
  if
  :: next == NOBODY -> goto to_loop
  :: next == self ->
    // Unblocked already: it never left.
    next = NOBODY;
    departed = NOBODY;
#ifdef BREAK_FLAG_BEFORE_SWITCH
    resumable[self] = false;
#endif
    note_resumed(self);
    goto running
  :: else
  fi;
#ifdef BREAK_WAIT_BEFORE_ARRIVE
  resumable[next];
#else
  if :: !resumable[next] -> goto to_loop :: else fi;
#endif
  resumable[next] = false;
  // lithe_switch from stack to stack
  d_step { on_stack[self] = NOBODY; assert(on_stack[next] == NOBODY); on_stack[next] = me };
  self = next;
  next = NOBODY;
  note_resumed(self);
  arrive();
  goto running;

to_loop:  // lithe_switch to the loop's stack
  atomic { on_stack[self] = NOBODY; self = NOBODY };
  goto loop;

over: skip
}

// The kernel thread of a context: sleeps in lithe_park, goes on as the context in its blocking sections.
proctype OwnThread(byte c) {
end_parked:
  do
  :: wake[c] ->
    step_onto(c, OWN_THREAD);
    wake[c] = false;  // donor_is_on_its_own
#ifdef BREAK_PARK_BEFORE_READY
    // Says that its stack is left, and then goes on using it.
    resumable[c] = true;
#endif
    make_ready(c);    // donor_goes_back: known as ready before the stack is left
    on_stack[c] = NOBODY;
#ifndef BREAK_PARK_BEFORE_READY
    resumable[c] = true  // lithe_park, on its parking stack
#endif
  od
}

// Whoever makes true what the contexts wait for.
active proctype Waker() {
end_waiting:
  do
  :: published[0] -> published[0] = false; make_ready(0)
#ifdef BREAK_UNBLOCK_TWICE
    ; if :: make_ready(0) :: skip fi
#endif
  :: published[1] -> published[1] = false; make_ready(1)
  od
}

init {
  atomic {
    byte c;
    for (c : 0 .. CONTEXTS - 1) {
      on_stack[c] = NOBODY;
      resumable[c] = true;
      make_ready(c);
      run OwnThread(c)
    }
    run Carrier(0);
    run Carrier(1)
  }
  ended == CONTEXTS;  // everybody gets to the end
  assert(owed[0] == 0 && owed[1] == 0 && !ready[0] && !ready[1])
}
