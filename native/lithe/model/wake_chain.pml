// Wake chains: Root::dispatch and wake_more (root.cc, root.h), Mailbox::send, wait and take_back (mailbox.cc),
// take_back_mail (root.cc), Carrier::loop (carrier.cc).
//
// HARTS idle harts, a carrier for each, of which some spin and some sleep at first. REQUESTERS threads outside want all of
// them together, each a part. `dispatch` stops when it has woken MOST; the others are for those that it woke. Somebody
// takes unread mail back TAKES times. That it ends shows that no hart is forgotten.
//
// Property: whatever is wanted gets a hart.
//
// check: MOST=1
// check: MOST=2 REQUESTERS=1
// broken: BREAK_NOBODY_GOES_ON MOST=1 -> deadlock
// broken: BREAK_COUNT_SPINNERS MOST=1 -> deadlock
// broken: BREAK_TAKE_BACK_SILENTLY MOST=1 -> deadlock
// broken: BREAK_WAKE_BEFORE_WANTING MOST=1 -> deadlock

#define HARTS 3
#ifndef MOST
#define MOST 2
#endif
#ifndef REQUESTERS
#define REQUESTERS 2
#endif
#ifndef TAKES
#define TAKES 1
#endif

#define EMPTY 0
#define PARKED 1
#define REST 2
#define MAIL 3

bool lock;             // Root::lock_
byte spare = HARTS;    // Root::spare_
bool idle[HARTS] = true;
byte box[HARTS];       // Mailbox::value_ of the hart's carrier
bool sleeps[HARTS];    // at first
byte demand, count;    // of the scheduler
byte at_work;

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

inline dispatch() {
  woken = 0;
  do
  :: take_lock();
    if
    :: spare > 0 && count < demand ->
      d_step {
        if :: idle[0] -> h = 0 :: !idle[0] && idle[1] -> h = 1 :: else -> assert(idle[2]); h = 2 fi;
        idle[h] = false;
        spare--;
        count++
      };
      drop_lock();
      // Mailbox::send
      atomic { slept = (box[h] == PARKED); assert(box[h] != MAIL); box[h] = MAIL };
#ifdef BREAK_COUNT_SPINNERS
      woken++;
#else
      if :: slept -> woken++ :: else fi;
#endif
      if :: woken == MOST -> break :: else fi
    :: else -> drop_lock(); break
    fi
  od;
  atomic { woken = 0; h = 0; slept = false }
}

proctype Carrier(byte me) {
  byte h, woken;
  bool slept, has_slept;
  // Mailbox::wait
  has_slept = sleeps[me];
  do
  :: atomic { box[me] == MAIL -> box[me] = EMPTY }; break
  :: atomic { box[me] == EMPTY || box[me] == REST -> box[me] = PARKED }; has_slept = true; (box[me] != PARKED)
  :: box[me] == PARKED -> (box[me] != PARKED)
  od;
  // wake_more
#ifndef BREAK_NOBODY_GOES_ON
  if :: has_slept && spare > 0 -> dispatch() :: else fi;
#endif
  at_work++
}

proctype Requester(byte wants) {
  byte h, woken;
  bool slept;
#ifdef BREAK_WAKE_BEFORE_WANTING
  if :: spare > 0 -> dispatch() :: else fi;
  demand = demand + wants;
#else
  demand = demand + wants;
  if :: spare > 0 -> dispatch() :: else fi;
#endif
  at_work == HARTS
}

proctype Taker() {
  byte h, woken, turn;
  bool slept, has_taken;
  for (turn : 1 .. TAKES) {
    take_lock();
    has_taken = false;
    atomic {
      if
      :: box[0] == MAIL -> box[0] = REST; has_taken = true; h = 0
      :: box[1] == MAIL -> box[1] = REST; has_taken = true; h = 1
      :: box[2] == MAIL -> box[2] = REST; has_taken = true; h = 2
      :: true
      fi
    };
    if :: has_taken -> d_step { idle[h] = true; spare++; count-- } :: else fi;
    drop_lock();
#ifndef BREAK_TAKE_BACK_SILENTLY
    if :: spare > 0 -> dispatch() :: else fi
#else
    skip
#endif
  }
}

init {
  byte i;
  atomic {
    for (i : 0 .. HARTS - 1) {
      if :: true :: sleeps[i] = true; box[i] = PARKED fi
    };
    run Carrier(0);
    run Carrier(1);
    run Carrier(2);
    if
    :: REQUESTERS == 1 -> run Requester(HARTS)
    :: else -> run Requester(1); run Requester(HARTS - 1)
    fi;
    run Taker()
  }
}
