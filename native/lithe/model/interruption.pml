// What the monitor does to a kernel thread that carries a hart: Monitor::read, is_still and interrupt (monitor.cc),
// Interruption::post and take, on_interruption (interruption.cc).
//
// One kernel thread, the home of a guest, makes CALLS blocking calls, one after the other, with the runtime's own code in
// between, and ends; its Carrier is freed then. The monitor looks LOOKS times. The signal's handler may run between any
// two steps of the thread, and the thread makes none meanwhile. A signal may come late, when other code runs.
//
// Properties: the handler reads what was posted in one piece; nothing is posted to a carrier that has gone; only code of
// a context is interrupted; a call is taken from the hart only if it is the one that was seen.
//
// check: CALLS=2 LOOKS=3
// broken: BREAK_POST_WITHOUT_LOCK -> assertion
// broken: BREAK_POST_OVER_POSTED -> assertion
// broken: BREAK_POST_OVER_READING -> assertion
// broken: BREAK_NO_MARK -> assertion
// broken: BREAK_NO_REGISTERS -> assertion

#ifndef CALLS
#define CALLS 2
#endif
#ifndef LOOKS
#define LOOKS 3
#endif

#define NOTHING 0
#define POSTED 1
#define READING 2

bool lock;              // Root::lock_
bool is_carried = true; // Hart::carrier is the thread's
bool is_freed;          // the Carrier's memory
byte progress;          // the hart's counters
bool in_code;           // Carrier::in_code
byte call;              // what the registers say: 0 none
byte want = NOTHING;    // Interruption::want_
byte posted_a, posted_b;// Interruption::call_, of two words
bool pending;           // the signal
bool in_handler;
byte taken;             // calls that went on without the hart

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

active proctype Thread() provided (!in_handler) {
  byte number;
  for (number : 1 .. CALLS) {
    in_code = true;
    call = number;
    skip;  // blocked
    call = 0;
    skip;  // computes
    in_code = false;
    progress++
  }
  // The guest's thread ends: it has given its hart back under the lock.
  take_lock();
  is_carried = false;
  drop_lock();
  is_freed = true
}

active proctype Handler() {
  byte a, b;
  bool has_want;
end:
  do
  :: atomic { pending && !in_handler -> pending = false; in_handler = true };
    if
    :: is_freed  // self_pointer is null
    :: else ->
      // take
      atomic { if :: want == POSTED -> want = READING; has_want = true :: else fi };
      if
      :: has_want ->
        a = posted_a;
        b = posted_b;
        assert(a == b);
        want = NOTHING;
#ifdef BREAK_NO_MARK
        if :: true ->
#else
        if :: in_code ->
#endif
          assert(in_code);
#ifdef BREAK_NO_REGISTERS
          if :: true ->
#else
          if :: call == a ->
#endif
            assert(call == a);
            taken++
          :: else
          fi
        :: else
        fi
      :: else
      fi
    fi;
    atomic { a = 0; b = 0; has_want = false; in_handler = false }
  od
}

active proctype Monitor() {
  byte look, seen_progress, seen_call;
  bool is_seen, may_write;
  for (look : 1 .. LOOKS) {
    // read
    take_lock();
    d_step { is_seen = is_carried && in_code; seen_progress = progress };
    drop_lock();
    // judge: what /proc says, at some moment
    seen_call = call;
    if
    :: is_seen && seen_call != 0 ->
#ifndef BREAK_POST_WITHOUT_LOCK
      take_lock();
#endif
      if
      :: is_carried && progress == seen_progress ->
        // post
        atomic {
          assert(!is_freed);
#ifdef BREAK_POST_OVER_READING
          may_write = true;
#else
          may_write = (want != READING);
#endif
#ifndef BREAK_POST_OVER_POSTED
          if :: may_write -> want = NOTHING :: else fi
#endif
        };
        if
        :: may_write ->
          posted_a = seen_call;
          assert(!is_freed);
          posted_b = seen_call;
          want = POSTED
        :: else
        fi
      :: else
      fi;
#ifndef BREAK_POST_WITHOUT_LOCK
      drop_lock();
#endif
      if :: may_write -> pending = true :: else fi
    :: else
    fi;
    atomic { may_write = false; is_seen = false; seen_call = 0; seen_progress = 0 }
  }
}
