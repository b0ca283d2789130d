// The mailbox of a carrier: Mailbox::send, rest, take_back and wait (mailbox.cc), with the root's side of them:
// address, start_waiting and take_back_mail (root.cc, root_lists.cc).
//
// One carrier, one hart. Another hart's decisions send it, somebody who leaves a scheduler takes it back, and somebody
// asks a spinning owner to rest; the owner has to receive it TURNS times. That it ends shows that no wake-up is lost:
// sleeping is no valid end here.
//
// Properties: a hart is never in two places or in none; mail is not overwritten; the owner reads the hart's fields as the
// sender wrote them; the owner wakes for every letter that stays.
//
// check:
// broken: BREAK_SLEEP_WITHOUT_COMPARE -> deadlock
// broken: BREAK_SEND_IN_TWO_STEPS -> deadlock
// broken: BREAK_READ_WITHOUT_COMPARE -> assertion
// broken: BREAK_TAKE_BACK_WITHOUT_COMPARE -> assertion
// broken: BREAK_WAKING_IS_MAIL -> assertion
// broken: BREAK_FIELDS_AFTER_MAIL -> assertion

#define TURNS 2
#define TAKES 2
#define RESTS 2

#define EMPTY 0
#define PARKED 1
#define REST 2
#define MAIL 3

byte value = EMPTY;      // Mailbox::value_
bool lock;               // Root::lock_
bool is_waiting = true;  // Carrier::is_waiting
bool asleep;             // the owner is in the kernel
byte idle = 1;           // the hart is in the root's list
byte in_hand;            // taken from the list, not sent yet
byte carried;            // the owner has it
bool fields;             // what travels with the mail (hart->sched) is there
bool done;

#define HELD (idle + in_hand + carried + (value == MAIL -> 1 : 0))

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

inline futex_wake() { asleep = false }

// FUTEX_WAIT compares and sleeps in one step. It may return early.
inline futex_wait_parked() {
#ifdef BREAK_SLEEP_WITHOUT_COMPARE
  asleep = true;
#else
  atomic { if :: value == PARKED -> asleep = true :: else fi }
#endif
  do
  :: !asleep -> break
  :: asleep && early < 1 -> atomic { early++; asleep = false }
  od
}

active proctype Owner() {
  byte seen, turn, early;
  do
  :: turn == TURNS -> break
  :: else ->
    // Mailbox::wait
    do
    :: seen = value;
      if
      :: seen > REST ->
#ifdef BREAK_READ_WITHOUT_COMPARE
        // Reads and empties in two steps: it may have been taken back between them.
        atomic { value = EMPTY; carried++ }
        break
#else
        atomic { if :: value == seen -> value = EMPTY; carried++; break :: else fi }
#endif
      :: else ->
        if
        :: seen == PARKED
        :: seen != PARKED ->
          atomic { if :: value == seen -> value = PARKED :: else -> goto again fi }
        fi;
        futex_wait_parked();
#ifdef BREAK_WAKING_IS_MAIL
        atomic { value = EMPTY; carried++ }
        break;
#endif
      fi;
again: skip
    od;
    assert(fields);
    early = 0;
    turn++;
    // Root::next without work: the hart goes into the list, its carrier waits.
    take_lock();
    atomic { carried--; idle++; fields = false };
    is_waiting = true;
    drop_lock()
  od;
  done = true
}

active proctype Sender() {
  byte before;
  do
  :: done -> break
  :: idle > 0 && is_waiting ->
    take_lock();
    if
    :: is_waiting && idle > 0 -> atomic { is_waiting = false; idle--; in_hand++ }; drop_lock()
    :: else -> drop_lock(); goto next
    fi;
    // Mailbox::send, outside of the lock
#ifdef BREAK_FIELDS_AFTER_MAIL
    assert(value != MAIL);
    atomic { before = value; value = MAIL; in_hand-- };
    fields = true;
#else
    fields = true;
    assert(value != MAIL);
#ifdef BREAK_SEND_IN_TWO_STEPS
    before = value;
    atomic { value = MAIL; in_hand-- };
#else
    atomic { before = value; value = MAIL; in_hand-- };
#endif
#endif
    if :: before == PARKED -> futex_wake() :: else fi;
next: skip
  od
}

// Root::take_back_mail
active proctype Leaver() {
  byte takes;
  do
  :: takes == TAKES -> break
  :: done -> break
  :: takes < TAKES ->
    takes++;
    take_lock();
    if
#ifdef BREAK_TAKE_BACK_WITHOUT_COMPARE
    :: !is_waiting -> atomic { value = REST; idle++; fields = false }; is_waiting = true
#else
    :: atomic { value == MAIL -> value = REST; idle++; fields = false }; is_waiting = true
#endif
    :: else
    fi;
    drop_lock()
  od
}

// Root::address, Root::hand_over: Mailbox::rest under the lock, for any carrier
active proctype Rester() {
  byte rests;
  do
  :: rests == RESTS -> break
  :: done -> break
  :: rests < RESTS ->
    rests++;
    take_lock();
    atomic { if :: value == EMPTY -> value = REST :: else fi };
    drop_lock()
  od
}

active proctype Monitor() { end: atomic { HELD != 1 -> assert(HELD == 1) } }
