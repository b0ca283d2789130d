// Leaving a scheduler while others bring it harts or contexts: lithe_sched_exit, drop, announce_leaving, wait_until_empty
// (sched.cc), lithe_context_unblock as a visitor (context.cc), Root::dispatch and take_back_mail (root.cc).
//
// One child of the root. Its main context leaves; GRANTERS harts may be on their way to it, each as mail that its carrier
// has or has not read; a thread outside unblocks the child's last context, whose end is what lets the main context leave.
//
// Properties: nobody touches the child after lithe_sched_exit has returned; the count is 0 then; the main context is woken
// once, and always; a hart whose mail is taken back is counted down once.
//
// check:
// broken: BREAK_COUNT_AFTER_UNLOCK -> assertion
// broken: BREAK_UNLINK_LAST -> assertion
// broken: BREAK_NO_VISIT -> assertion
// broken: BREAK_LOOK_AGAIN_AFTER_DROP -> assertion
// broken: BREAK_WAITER_AFTER_FLAG -> assertion
// broken: BREAK_NO_LOOK_WHEN_ANNOUNCING -> deadlock
// broken: BREAK_TAKE_BACK_WITHOUT_DROP -> deadlock

#define GRANTERS 2
#define LEAVING 16  // the flag, in the same word as the counts
#define VISIT 32

byte word = 1;      // sched->internal.harts: the main context's own hart
byte demand = 3;
bool linked = true;
bool lock;          // Root::lock_
bool gone;          // lithe_sched_exit has returned: the child may be freed
bool exit_waiter;   // internal.exit_waiter is set
bool blocked;       // the main context is off its stack
byte wakes;
byte context = 0;   // the child's last context: 0 blocked, 1 queued, 2 ended

// What each hart is: at the root, in the mail of its carrier, or with it.
mtype = { at_root, mailed, held };
mtype hart[GRANTERS] = at_root;
byte holds[GRANTERS];  // how often this hart is counted in `word`

inline touch() { assert(!gone) }
inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

// lithe_context_unblock(exit_waiter): the waiter has left its stack or will; it is resumed once.
inline wake_waiter() {
  touch();
  assert(exit_waiter);
  atomic { wakes++; assert(wakes == 1) }
}

// drop: the decrement decides; whoever does not take the last away must not look again.
inline drop(count) {
#ifdef BREAK_LOOK_AGAIN_AFTER_DROP
  atomic { touch(); assert(word >= count); word = word - count };
  touch();
  if :: word == LEAVING -> wake_waiter() :: else fi
#else
  atomic { touch(); assert(word >= count); word = word - count; left = word };
  if :: left == LEAVING -> wake_waiter() :: else fi
#endif
  ; left = 0
}

// A carrier that finds the child hungry: grants, is mailed, enters, and yields.
proctype Granter(byte me) {
  byte left;
  bool chosen;
  take_lock();
  if
  :: linked && (word & 15) < demand ->
    chosen = true
#ifndef BREAK_COUNT_AFTER_UNLOCK
    ; atomic { touch(); word++; holds[me]++ }
    hart[me] = mailed
#endif
  :: else
  fi;
  drop_lock();
  if :: !chosen -> goto over :: else fi;
#ifdef BREAK_COUNT_AFTER_UNLOCK
  atomic { touch(); word++; holds[me]++ };
  hart[me] = mailed;
#endif
  // Mailbox::wait of the receiver: a compare-exchange, against the one of take_back.
  atomic {
    if
    :: hart[me] == mailed -> hart[me] = held
    :: else -> goto over  // taken back: its carrier sleeps on
    fi
  }
  touch();  // hart_enter
  touch();  // hart_return, in yield_hart
  atomic { assert(holds[me] == 1); holds[me] = 0 }
  drop(1);
  hart[me] = at_root;
over: skip
}

// A thread outside: the context that it unblocks may end, and the child be left, while it is still in the callback.
active proctype Visitor() {
  byte left;
#ifndef BREAK_NO_VISIT
  atomic { touch(); word = word + VISIT }
#endif
  touch();
  context = 1;  // context_unblock has queued it
  touch();      // and does something more
#ifndef BREAK_NO_VISIT
  drop(VISIT)
#endif
}

active proctype Main() {
  byte left, i, taken;
  // The main context's hart runs the child's last context, then the main context again.
  context == 1;
  context = 2;
  demand = 1;  // exchange; the rest is taken back
#ifndef BREAK_UNLINK_LAST
  take_lock();
  linked = false;  // child_exit
  drop_lock();
#endif
  atomic { word--; left = word }
  if
  :: left == 0
  :: else ->
    // take_back_mail
    take_lock();
    for (i : 0 .. GRANTERS - 1) {
      atomic {
        if
        :: hart[i] == mailed ->
          hart[i] = at_root;
          taken++;
          assert(holds[i] == 1);
          holds[i] = 0
        :: else
        fi
      }
    }
    i = 0;
    drop_lock();
#ifndef BREAK_TAKE_BACK_WITHOUT_DROP
    do
    :: taken > 0 -> taken--; drop(1)
    :: else -> break
    od;
#endif
    taken = 0;
    // wait_until_empty: spins, then blocks
    if
    :: word == 0
    :: word != 0 ->
      // announce_leaving, after context_block
#ifdef BREAK_WAITER_AFTER_FLAG
      atomic { left = word; word = word | LEAVING };
      exit_waiter = true;
#else
      exit_waiter = true;
      atomic { left = word; word = word | LEAVING };
#endif
#ifndef BREAK_NO_LOOK_WHEN_ANNOUNCING
      if :: left == 0 -> wake_waiter() :: else fi;
#endif
      wakes == 1
    fi
  fi;
#ifdef BREAK_UNLINK_LAST
  take_lock();
  linked = false;
  drop_lock();
#endif
  assert(word == 0 || word == LEAVING);
  gone = true;
  // Every hart is back or on its way with nobody's count.
  assert(holds[0] == 0 && holds[1] == 0)
}

init { atomic { run Granter(0); run Granter(1) } }
