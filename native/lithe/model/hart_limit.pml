// Harts that are added and taken away: Root::set_limit and put_offline (root_limit.cc), push_idle (root_lists.cc), next,
// is_owed and dispatch (root.cc), Carrier::loop.
//
// Two harts with a carrier each, one scheduler. Work is queued from outside, WORK pieces; whoever changes the limit sets it
// to 1, to 2, and so on, CHANGES times. At the end all work is done, which one hart can do alone; after a last change to
// 2 two pieces have to run at the same time.
//
// Properties: every hart is in exactly one place, carried, idle or offline; `spare_` is the number of idle harts; an
// unwanted hart is never idle while the lock is free; no request is missed.
//
// check: CHANGES=1
// check: CHANGES=3
// broken: BREAK_ADDED_WITHOUT_DISPATCH -> deadlock
// broken: BREAK_PUT_IDLE_UNWANTED -> assertion
// broken: BREAK_KEEP_IDLE -> assertion
// broken: BREAK_TWICE_OFFLINE -> assertion

#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef WORK
#define WORK 2
#endif

bool lock;                    // Root::lock_
short spare = 2;              // Root::spare_
bool idle[2] = true;          // Root::idle_
bool offline[2];              // Hart::is_offline
bool is_wanted[2] = true;     // Hart::is_wanted
bool mail[2];                 // a hart stays with its own carrier here
byte carried[2];
byte demand, count, queued, done;
byte together;                // pieces that have to meet
bool last_change, has_to_meet;

#define PLACES(h) (idle[h] + offline[h] + mail[h] + carried[h])

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

// Root::push_idle: idle if it is wanted, else offline. Under the lock, of a hart that is in no list.
inline push_idle(h) {
  d_step {
#ifdef BREAK_PUT_IDLE_UNWANTED
    if :: true -> idle[h] = true; spare++
#else
    if :: is_wanted[h] -> idle[h] = true; spare++
#endif
    :: else -> offline[h] = true
    fi
  }
}

inline dispatch() {
  do
  :: take_lock();
    if
    :: spare > 0 && count < demand ->
      d_step {
        if :: idle[0] -> h = 0 :: else -> assert(idle[1]); h = 1 fi;
        idle[h] = false;
        spare--;
        count++;
        mail[h] = true
      };
      drop_lock()
    :: else -> drop_lock(); break
    fi
  od;
  h = 0
}

proctype Carrier(byte me) {
  byte h;
  bool has_put_aside, is_last;
end:
  do
  :: atomic { mail[me] -> mail[me] = false; carried[me]++ };
    do
    :: true ->
      // With the scheduler: hart_enter. A hart that is not wanted goes to the root at a scheduling point.
      atomic { is_last = !is_wanted[me] || queued == 0; if :: !is_last -> queued-- :: else fi };
      if
      :: !is_last ->
        if
        :: has_to_meet -> together++; (together >= 2)  // both have to be at work
        :: else
        fi;
        // Ended: context_exit.
        d_step { done++; demand-- }
      :: else ->
        count--;
        // Root::next
        take_lock();
        has_put_aside = false;
        do
        :: is_wanted[me] && count < demand ->
          d_step {
            if :: has_put_aside -> idle[me] = false; spare--; carried[me]++ :: else fi;
            count++;
            has_put_aside = false
          };
          drop_lock();
          goto again
        :: is_wanted[me] && count >= demand && has_put_aside -> break
        :: is_wanted[me] && count >= demand && !has_put_aside ->
          d_step { carried[me]--; has_put_aside = true };
          push_idle(me)
        :: !is_wanted[me] ->
          if :: !has_put_aside -> carried[me]--; push_idle(me) :: else fi;
          break
        od;
        drop_lock();
        break
      fi;
again: is_last = false
    od;
    atomic { has_put_aside = false; is_last = false }
  od
}

// lithe_hart_request, then the context is queued.
inline request() {
  demand++;
  if :: spare > 0 -> dispatch() :: else fi;
  queued++
}

proctype Outside() {
  byte h, piece;
  for (piece : 1 .. WORK) { request() };
  done == WORK;
  // After the last change to 2: two pieces that wait for each other.
  last_change;
  has_to_meet = true;
  request();
  request();
  done == WORK + 2
}

proctype Limiter() {
  byte h, change;
  bool has_added;
  for (change : 1 .. CHANGES) {
    take_lock();
    has_added = false;
    if
    :: change % 2 == 1 -> is_wanted[1] = false
    :: else -> is_wanted[1] = true
    fi;
    if :: change == CHANGES -> is_wanted[1] = true :: else fi;
    if
    :: is_wanted[1] && offline[1] -> d_step { offline[1] = false; idle[1] = true; spare++ }; has_added = true
    :: else
    fi;
    if
    :: !is_wanted[1] && idle[1] ->
#ifndef BREAK_KEEP_IDLE
      d_step { idle[1] = false; spare--; offline[1] = true }
#else
      skip
#endif
#ifdef BREAK_TWICE_OFFLINE
    :: !is_wanted[1] && !idle[1] -> offline[1] = true
#endif
    :: else
    fi;
    drop_lock();
#ifndef BREAK_ADDED_WITHOUT_DISPATCH
    if :: has_added -> dispatch() :: else fi
#else
    skip
#endif
  };
  last_change = true
}

proctype Watch() {
end:
  atomic {
    (!lock && (PLACES(0) != 1 || PLACES(1) != 1 || spare != idle[0] + idle[1] || (idle[1] && !is_wanted[1]))) ->
    assert(false)
  }
}

init {
  atomic {
    run Carrier(0);
    run Carrier(1);
    run Outside();
    run Limiter();
    run Watch()
  }
}
