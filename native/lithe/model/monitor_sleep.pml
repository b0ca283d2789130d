// When the monitor sleeps and who wakes it: Monitor::notice, wake, watch and sleep_if_idle (monitor.cc), called by
// Root::deliver and attach.
//
// TAKERS kernel threads take a hart up, wait until the monitor has looked at it, and put it aside, TURNS times each. The
// first of them starts the monitor. What Root::lock_ is for, the order between each side's write and its read, cannot be
// seen here, where all memory is in one order; that each side writes before it reads can.
//
// Properties: a hart that stays at work is looked at; there is one monitor. The monitor may sleep at the end, and nobody
// else: a taker that waits then has been overlooked.
//
// check: TAKERS=2
// check: TAKERS=1 TURNS=4
// broken: BREAK_LOOK_BEFORE_ASLEEP -> deadlock
// broken: BREAK_NOTICE_BEFORE_TAKING -> deadlock
// broken: BREAK_SLEEP_WITHOUT_COMPARE -> deadlock
// broken: BREAK_START_WITHOUT_COMPARE -> assertion

#ifndef TAKERS
#define TAKERS 2
#endif
#ifndef TURNS
#define TURNS 2
#endif

#define ABSENT 0
#define AWAKE 1
#define ASLEEP 2

byte state = ABSENT;   // Monitor::state_
bool lock;             // Root::lock_
byte at_work;          // harts that are neither idle nor lent
bool in_kernel;        // the monitor sleeps in the futex
byte monitors;         // that were started
bool has_looked[TAKERS];

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

proctype Monitor() {
  bool is_idle;
  do
  :: // A look without the lock: a hint.
    if
    :: at_work > 0 ->
      d_step {
        has_looked[0] = true;
#if TAKERS > 1
        has_looked[1] = true
#endif
      }
    :: else ->
      // sleep_if_idle
#ifdef BREAK_LOOK_BEFORE_ASLEEP
      take_lock();
      is_idle = (at_work == 0);
      drop_lock();
      state = ASLEEP;
#else
      state = ASLEEP;
      take_lock();
      is_idle = (at_work == 0);
      drop_lock();
#endif
      if
      :: !is_idle -> atomic { if :: state == ASLEEP -> state = AWAKE :: else fi }
      :: else ->
        do
        :: state != ASLEEP -> break
        :: else ->
#ifdef BREAK_SLEEP_WITHOUT_COMPARE
          in_kernel = true;
#else
          atomic { if :: state == ASLEEP -> in_kernel = true :: else fi };
#endif
end_asleep:
          !in_kernel
        od
      fi;
      is_idle = false
    fi
  od
}

inline notice() {
  seen = state;
  if
  :: seen == ASLEEP ->
    atomic { if :: state == ASLEEP -> state = AWAKE :: else -> seen = AWAKE fi };
    if :: seen == ASLEEP -> in_kernel = false :: else fi
  :: seen == ABSENT ->
#ifdef BREAK_START_WITHOUT_COMPARE
    state = AWAKE;
#else
    atomic { if :: state == ABSENT -> state = AWAKE :: else -> seen = AWAKE fi };
#endif
    if
    :: seen == ABSENT -> atomic { monitors++; assert(monitors == 1); run Monitor() }
    :: else
    fi
  :: else
  fi;
  seen = AWAKE
}

proctype Taker(byte me) {
  byte turn, seen;
  for (turn : 1 .. TURNS) {
#ifdef BREAK_NOTICE_BEFORE_TAKING
    notice();
#endif
    take_lock();
    at_work++;
    has_looked[me] = false;
    drop_lock();
#ifndef BREAK_NOTICE_BEFORE_TAKING
    notice();
#endif
    has_looked[me];
    take_lock();
    at_work--;
    drop_lock()
  }
}

init {
  atomic {
    run Taker(0);
#if TAKERS > 1
    run Taker(1)
#endif
  }
}
