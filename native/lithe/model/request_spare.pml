// Requests and spare harts: lithe_hart_request (sched.cc), RootCallbacks::hart_request, Root::dispatch, next, deliver
// (root.cc), pick_hungry, push_idle, take_spare, address (root_lists.cc), attach and detach (root_guests.cc), and
// Carrier::loop, grant and yield_hart (carrier.cc). Mailboxes are channels here; mailbox.pml looks inside.
//
// HARTS harts, as many carriers at most, started when needed. Scheduler 0 is a job whose contexts are unblocked from
// outside; scheduler 1 is entered and left by a guest, which keeps its hart afterwards (lent). The guest runs its own
// work if no hart has come (law 3). With GUESTS 2 another guest comes and goes, so that guests wait for harts.
//
// Properties: every hart is in exactly one place (HELD); `spare_` is the number of idle and lent harts whenever the lock
// is free; a request is never missed, which shows as a requester that waits for ever; the counts of harts are right.
//
// check: HARTS=1 GUESTS=2 GUEST_ROUNDS=2
// check: HARTS=2
// broken: BREAK_REQUEST_LOOKS_FIRST HARTS=1 -> deadlock
// broken: BREAK_NO_LOOK_AFTER_SPARE HARTS=1 -> deadlock
// broken: BREAK_LEND_WITHOUT_LOOK HARTS=1 -> deadlock
// broken: BREAK_QUEUE_WITHOUT_REQUEST HARTS=2 -> deadlock

#ifndef HARTS
#define HARTS 2
#endif
#define CARRIERS HARTS
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef GUEST_ROUNDS
#define GUEST_ROUNDS 1
#endif
#ifndef GUESTS
#define GUESTS 1
#endif
#define NONE 7
#define ROOT 2

bool lock;               // Root::lock_
short spare;             // Root::spare_
bool idle[HARTS];        // Root::idle_
byte lent[2] = NONE;     // Context::lent of the guests
byte carried[HARTS];     // how many kernel threads hold it
byte moving[HARTS];      // decided under the lock, and not in the mailbox yet
byte at[HARTS];          // Hart::sched
bool is_waiting[CARRIERS];
byte started;            // kernel threads that exist
chan mail[CARRIERS] = [1] of { byte };
chan home_mail[2] = [1] of { byte };
bool home_waits[2], guest_ready[2];  // the ready list of the root: only guests are in it here
bool linked[2];
byte demand[2], count[2], queued[2], served[2];
byte in_mail[HARTS];     // sent and not received, ghost of the channels

#define LENT(h) ((lent[0] == h || lent[1] == h) -> 1 : 0)
#define GUEST_WAITS (guest_ready[0] || guest_ready[1])
#define IN_PLACES(h) (idle[h] + LENT(h) + carried[h] + moving[h] + in_mail[h])
#define SPARE(h) (idle[h] + LENT(h))
#if HARTS > 1
#define LOST (IN_PLACES(0) != 1 || IN_PLACES(1) != 1)
#define SPARES (SPARE(0) + SPARE(1))
#else
#define LOST (IN_PLACES(0) != 1)
#define SPARES SPARE(0)
#endif

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

// A scan reads each demand in a step of its own: they change without the lock. Which of several is taken is policy.
inline pick_hungry(out) {
  out = NONE;
  if :: linked[0] && count[0] < demand[0] -> out = 0 :: else fi;
  if
  :: linked[1] && count[1] < demand[1] && out == NONE -> out = 1
  :: linked[1] && count[1] < demand[1] && out != NONE -> out = 1
  :: linked[1] && count[1] < demand[1] && out != NONE
  :: else
  fi
}

inline pop_idle(out) {
  d_step {
    if
    :: idle[0] -> out = 0
#if HARTS > 1
    :: !idle[0] && idle[1] -> out = 1
#endif
    :: else -> out = NONE
    fi;
    if :: out != NONE -> idle[out] = false; spare--; moving[out]++ :: else fi
  }
}

inline take_spare(out) {
  pop_idle(out);
  if
  :: out == NONE ->  // reclaim_any
    d_step {
      if
      :: lent[0] != NONE -> out = lent[0]; lent[0] = NONE
      :: else -> assert(lent[1] != NONE); out = lent[1]; lent[1] = NONE
      fi;
      spare--;
      moving[out]++
    }
  :: else
  fi
}

// Root::address: a carrier that waits, else a new kernel thread.
inline address(out) {
  d_step {
    if
    :: is_waiting[0] -> out = 0; is_waiting[0] = false
#if CARRIERS > 1
    :: !is_waiting[0] && is_waiting[1] -> out = 1; is_waiting[1] = false
#endif
    :: else -> out = started; started++
    fi
  }
}

// Root::deliver, without the lock
inline deliver(h, c) {
  assert(c < CARRIERS);  // law 1: no more kernel threads than harts
  atomic { assert(nfull(mail[c])); moving[h]--; in_mail[h]++; mail[c]!h }
}

// The first in the ready list.
inline pop_ready(out) {
  d_step {
    if
    :: guest_ready[0] -> out = 0
    :: else -> assert(guest_ready[1]); out = 1
    fi;
    guest_ready[out] = false
  }
}

inline send_home(h, g) {
  atomic { assert(nfull(home_mail[g])); moving[h]--; in_mail[h]++; home_mail[g]!h }
}

// Root::dispatch
inline dispatch() {
  do
  :: take_lock();
    if :: spare <= 0 -> drop_lock(); break :: else fi;
    if
    :: GUEST_WAITS ->
      pop_ready(g);
      take_spare(h);
      assert(home_waits[g]);
      home_waits[g] = false;
      drop_lock();
      send_home(h, g)
    :: else ->
      pick_hungry(child);
      if :: child == NONE -> drop_lock(); break :: else fi;
      take_spare(h);
      d_step { count[child]++; at[h] = child };
      address(c);
      drop_lock();
      deliver(h, c)
    fi
  od;
  atomic { h = NONE; c = NONE; child = NONE; g = 0 }
}

// lithe_hart_request(child, +1), then the context is queued (ForkJoin::make_ready)
inline request(s) {
#ifdef BREAK_REQUEST_LOOKS_FIRST
  sees = (spare > 0);
  demand[s]++;
#else
  demand[s]++;
  sees = (spare > 0);
#endif
#ifdef BREAK_QUEUE_WITHOUT_REQUEST
  demand[s]--;
  sees = false;
#endif
  if :: sees -> dispatch() :: else fi;
  sees = false;
  queued[s]++
}

proctype Carrier(byte me) {
  byte own = NONE, h = NONE, c = NONE, child = NONE, g;
  bool is_idle;

end_waits:
  do
  :: atomic { mail[me]?own -> in_mail[own]--; carried[own]++ };
    // Carrier::loop with a hart
    do
    :: at[own] != ROOT ->
      // hart_enter of the scheduler: runs a context, or yields
      child = at[own];
      atomic {
        if
        :: queued[child] > 0 -> queued[child]--; served[child]++;
          goto ran
        :: else -> goto yields
        fi
      };
ran:  // the context has ended: context_exit takes its demand back
      atomic { assert(demand[child] > 0); demand[child]-- };
yields:
      if
      :: queued[child] == 0 ->
        at[own] = ROOT;
        atomic { assert(count[child] > 0); count[child]-- }
      :: else
      fi;
      child = NONE
    :: else ->
      // Root::next
      take_lock();
      is_idle = false;
look:
      if
      :: GUEST_WAITS ->
        pop_ready(g);
        if :: is_idle -> d_step { idle[own] = false; spare--; carried[own]++; is_idle = false } :: else fi;
        drop_lock();
        // run finds that the guest's home is another kernel thread: Root::hand_over.
        take_lock();
        assert(home_waits[g]);
        pop_idle(h);
        if
        :: h == NONE ->
          // No other hart: the home gets this one, and the carrier waits.
          d_step { carried[own]--; moving[own]++; h = own; own = NONE };
          is_waiting[me] = true
        :: else
        fi;
        home_waits[g] = false;
        drop_lock();
        send_home(h, g);
        h = NONE;
        g = 0;
        if :: own == NONE -> break :: else -> goto again fi
      :: else
      fi;
      pick_hungry(child);
      if
      :: child != NONE ->
        d_step {
          if :: is_idle -> idle[own] = false; spare--; carried[own]++ :: else fi;
          count[child]++;
          at[own] = child;
          child = NONE
        };
        drop_lock()
      :: else ->
#ifdef BREAK_NO_LOOK_AFTER_SPARE
        if :: !is_idle -> d_step { carried[own]--; idle[own] = true; spare++; is_idle = true } :: else fi;
#else
        if
        :: !is_idle -> d_step { carried[own]--; idle[own] = true; spare++; is_idle = true }; goto look
        :: else
        fi;
#endif
        is_waiting[me] = true;
        drop_lock();
        break
      fi;
again: skip
    od;
    atomic { own = NONE; is_idle = false }
  od
}

// Contexts of the job are unblocked from outside, one after the other: each has to run.
proctype Outside() {
  byte h = NONE, c = NONE, child = NONE, g, round;
  bool sees;
  for (round : 1 .. ROUNDS) {
    request(0);
    served[0] == round
  }
}

proctype Guest(byte me) {
  byte h = NONE, c = NONE, child = NONE, own = NONE, g, round;
  bool sees, wanted;
  for (round : 1 .. GUEST_ROUNDS) {
    // attach: its lent hart, an idle one, one that another guest keeps, or it waits at home.
    take_lock();
    if
    :: lent[me] != NONE -> d_step { own = lent[me]; lent[me] = NONE; spare--; moving[own]++ }
    :: else ->
      if
      :: spare > 0 -> take_spare(own)
      :: else -> d_step { guest_ready[me] = true; home_waits[me] = true }
      fi
    fi;
    drop_lock();
    if
    :: own == NONE -> atomic { home_mail[me]?own -> in_mail[own]--; carried[own]++ }
    :: else -> d_step { moving[own]--; carried[own]++ }
    fi;
    if
    :: me == 1  // it has nothing to run: in and out
    :: else ->
      // lithe_sched_enter
      d_step { count[1] = 1; demand[1] = 1; served[1] = 0 };
      take_lock();
      linked[1] = true;
      drop_lock();
      at[own] = 1;
      request(1);
      // The context runs here, or on a hart that has come.
      atomic { if :: queued[1] > 0 -> queued[1]--; served[1]++; demand[1]-- :: else fi };
      served[1] == 1;
      // lithe_sched_exit
      demand[1] <= 1;
      take_lock();
      linked[1] = false;
      drop_lock();
      at[own] = ROOT;
      count[1]--;
      count[1] == 0;
      demand[1] = 0
    fi;
    // detach
    take_lock();
    d_step { carried[own]--; lent[me] = own; own = NONE; spare++ };
#ifdef BREAK_LEND_WITHOUT_LOOK
    wanted = false;
#else
    pick_hungry(child);
    d_step { wanted = (GUEST_WAITS || child != NONE); child = NONE };
#endif
    drop_lock();
    if :: wanted -> dispatch() :: else fi;
    wanted = false
  }
}

proctype Monitor() {
end:
  atomic { LOST || (!lock && spare != SPARES) -> assert(false) }
}

init {
  atomic {
    byte i;
    for (i : 0 .. HARTS - 1) { idle[i] = true; at[i] = ROOT }
    spare = HARTS;
    linked[0] = true;
    for (i : 0 .. CARRIERS - 1) { run Carrier(i) }
    run Outside();
    run Monitor();
    if :: GUESTS > 0 -> run Guest(0) :: else fi;
    if :: GUESTS > 1 -> run Guest(1) :: else fi
  }
}
