// A guest comes home: Carrier::loop, run, hand_to_home and receive (carrier.cc), Root::hand_over (root_guests.cc), next,
// pass_on and dispatch (root.cc), address (root_lists.cc).
//
// One guest is inside scheduler S, blocks ROUNDS times and is unblocked by a thread outside; meanwhile its home carries
// on with S. WORK other contexts of S are unblocked from outside, so that other carriers hold harts of S, find the guest in
// the queue, and have to bring it home: with a hart in the mail, an idle one, or their own.
//
// Properties: the guest is resumed by its home only, exactly once per unblock, and always; no hart is lost or doubled
// (LOST); S's count is the number of harts that are with it; no hart is put down or left idle with a guest on board,
// who would be forgotten (STRANDED; that need not be a deadlock: harts would go round for a demand that never ends).
//
// check: HARTS=1 ROUNDS=2
// check: HARTS=2
// broken: BREAK_BOARD_AFTER_DEPARTURE -> assertion
// broken: BREAK_NEXT_IGNORES_ARRIVAL -> deadlock
// broken: BREAK_RUN_ANYWHERE -> assertion
// broken: BREAK_NOT_PASSED_ON -> deadlock
// broken: BREAK_IDLE_HART_NOT_COUNTED -> assertion

#ifndef HARTS
#define HARTS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef WORK
#define WORK 2
#endif
#define HOME 0
#define CARRIERS (HARTS + 1)  // the guest's home, and one that the runtime makes for each hart
#define NONE 7

// Hart::first
#define NOBODY 0
#define GUEST 1
#define TAKEN 2

bool lock;                 // Root::lock_
byte spare;                // Root::spare_
bool idle[HARTS];          // Root::idle_
bool in_s[HARTS];          // Hart::sched is S, else the root
byte first[HARTS];         // Hart::first
byte carrier[HARTS];       // Hart::carrier, NONE while idle or sent to a new kernel thread
byte box[CARRIERS] = NONE; // Carrier::mailbox
bool is_waiting[CARRIERS];
byte coming = NONE;        // of the home
byte guest_hart = NONE;    // of the home
byte started = 1;          // kernel threads that exist; the home does
bool is_ready;             // Context::is_ready of the guest
bool guest_queued, guest_blocked;
byte queued;               // other contexts in S's queue
byte demand = 1, count = 1;
bool linked = true, over;

// Ghosts.
byte carried[HARTS], moving[HARTS];
byte rounds, work_done;    // how often the guest has blocked, how many others were unblocked
byte owed;                 // unblocks of the guest that it has not been resumed for

#if HARTS > 1
#define POSTED(h) \
  ((box[0] == h -> 1 : 0) + (box[1] == h -> 1 : 0) + (box[2] == h -> 1 : 0) + (guest_hart == h -> 1 : 0))
#define ONE_PLACE(h) (idle[h] + carried[h] + moving[h] + POSTED(h) == 1)
#define LOST (!ONE_PLACE(0) || !ONE_PLACE(1))
#define STRANDED ((idle[0] && first[0] == GUEST) || (idle[1] && first[1] == GUEST))
#else
#define POSTED(h) ((box[0] == h -> 1 : 0) + (box[1] == h -> 1 : 0) + (guest_hart == h -> 1 : 0))
#define ONE_PLACE(h) (idle[h] + carried[h] + moving[h] + POSTED(h) == 1)
#define LOST (!ONE_PLACE(0))
#define STRANDED (idle[0] && first[0] == GUEST)
#endif

// A hart of S is in the mail to the home, unread, and nobody is on board.
#if defined(BREAK_BOARD_AFTER_DEPARTURE)
#define CAN_BOARD (!is_waiting[HOME] && coming != NONE && carrier[coming] == HOME && in_s[coming])
#else
#define CAN_BOARD \
  (!is_waiting[HOME] && coming != NONE && carrier[coming] == HOME && in_s[coming] && first[coming] == NOBODY)
#endif

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

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

// Root::address for a hart without a context on board. A home is chosen for its ready guest only.
inline address(h, out) {
  d_step {
    if
    :: is_waiting[HOME] && is_ready -> out = HOME; is_waiting[HOME] = false
    :: else ->
      if
      :: is_waiting[1] -> out = 1; is_waiting[1] = false
#if HARTS > 1
      :: !is_waiting[1] && is_waiting[2] -> out = 2; is_waiting[2] = false
#endif
      :: else -> out = started; started++; assert(out < CARRIERS)
      fi
    fi;
    carrier[h] = out;
    if :: out == HOME -> coming = h :: else fi
  }
}

// Mailbox::send, without the lock
inline send(h, c) {
  atomic { assert(box[c] == NONE); moving[h]--; box[c] = h }
}

// Root::dispatch
inline dispatch() {
  do
  :: take_lock();
    if
    :: spare > 0 && linked && count < demand ->
      pop_idle(h);
      d_step { count++; in_s[h] = true };
      address(h, c);
      drop_lock();
      send(h, c)
    :: else -> drop_lock(); break
    fi
  od;
  atomic { h = NONE; c = NONE }
}

// Scheduler::context_unblock: asks for a hart, then queues.
inline request() {
  demand++;
  if :: spare > 0 -> dispatch() :: else fi
}

proctype Carrier(byte me) {
  byte own = NONE, arrived = NONE, h = NONE, c = NONE, found;
  bool is_idle;

  if
  :: me == HOME ->  // the guest has entered S on this hart, and has just left its stack to block
    own = 0;
    goto running
  :: else
  fi;

loop:
  if
  :: me == HOME ->
    atomic { arrived = guest_hart; if :: arrived != NONE -> guest_hart = NONE; carried[arrived]++ :: else fi }
  :: else
  fi;
  if
  :: arrived != NONE ->
    if
    :: own != NONE ->
#ifndef BREAK_NOT_PASSED_ON
      // Root::pass_on
      take_lock();
      assert(first[own] != GUEST);
      if
      :: !in_s[own] ->
        d_step { carried[own]--; carrier[own] = NONE; first[own] = NOBODY; idle[own] = true; spare++ };
        drop_lock();
        dispatch()
      :: else ->
        d_step { first[own] = NOBODY; carried[own]--; moving[own]++ };
        address(own, c);
        drop_lock();
        send(own, c);
        c = NONE
      fi;
#endif
      own = NONE
    :: else
    fi
  :: arrived == NONE && own == NONE ->
end_waits:
    atomic { box[me] != NONE -> arrived = box[me]; box[me] = NONE; carried[arrived]++ }
  :: else
  fi;
  if
  :: arrived != NONE ->
    // receive, then whoever is on board
    atomic { own = arrived; carrier[own] = me; arrived = NONE };
    atomic { found = first[own]; first[own] = TAKEN };
    if
    :: found == GUEST -> found = 0; goto run_guest
    :: else -> found = 0; goto loop
    fi
  :: else
  fi;

  if
  :: in_s[own] ->
    // hart_enter of S
    atomic {
      if
      :: guest_queued -> guest_queued = false; goto run_guest
      :: queued > 0 -> queued--; demand--; goto loop  // the context has run and ended
      :: else
      fi
    };
    // yield_hart; who is on board now would never be found
    assert(first[own] != GUEST);
    in_s[own] = false;
    atomic { assert(count > 0); count-- };
    goto loop
  :: else
  fi;

  // Root::next
  take_lock();
  is_idle = false;
look:
  if
  :: linked && count < demand ->
    d_step {
      if
      :: is_idle -> idle[own] = false; spare--; carried[own]++; first[own] = TAKEN; carrier[own] = me; is_idle = false
      :: else
      fi;
      count++;
      in_s[own] = true
    };
    drop_lock();
    goto loop
  :: else
  fi;
  if
  :: !is_idle ->
    d_step {
      assert(first[own] != GUEST);
      is_idle = true; carried[own]--; carrier[own] = NONE; first[own] = NOBODY; idle[own] = true; spare++
    };
    goto look
  :: else
  fi;
  is_idle = false;
  own = NONE;
#ifndef BREAK_NEXT_IGNORES_ARRIVAL
  if
  :: me == HOME && guest_hart != NONE  // the loop takes it
  :: else -> is_waiting[me] = true
  fi;
#else
  is_waiting[me] = true;
  if
  :: me == HOME ->
    drop_lock();
    atomic { box[me] != NONE -> arrived = box[me]; box[me] = NONE; carried[arrived]++ };
    take_lock()
  :: else
  fi;
#endif
  drop_lock();
  goto loop;

run_guest:
#ifndef BREAK_RUN_ANYWHERE
  if :: me == HOME -> goto resume :: else fi;
#else
  goto resume;
#endif
  // Root::hand_over; nobody but the home runs the guest.
  take_lock();
  if
  // One compare-exchange on `first`, against the reader's exchange.
  :: atomic { CAN_BOARD -> first[coming] = GUEST };
    drop_lock();
    goto loop
  :: else
  fi;
  if :: is_waiting[HOME] -> pop_idle(h) :: else fi;
  if
  :: h != NONE ->
#ifndef BREAK_IDLE_HART_NOT_COUNTED
    count++;
#endif
    in_s[h] = true
  :: else ->
    d_step { h = own; own = NONE; carried[h]--; moving[h]++ };
    is_waiting[me] = true
  fi;
  first[h] = GUEST;
  carrier[h] = HOME;
  if
  :: !is_waiting[HOME] ->
    atomic { assert(guest_hart == NONE); guest_hart = h; moving[h]-- };
    drop_lock()
  :: else ->
    d_step { is_waiting[HOME] = false; coming = h };
    drop_lock();
    send(h, HOME)
  fi;
  h = NONE;
  goto loop;

resume:
  assert(me == HOME);
  d_step { assert(owed == 1); owed-- };
  is_ready = false;

running:  // on the guest's stack
  if
  :: rounds < ROUNDS ->
    rounds++;
    demand--;              // context_block
    guest_blocked = true;  // publish
    goto loop
  :: else
  fi;
  // The guest joins, with its own hart if no other has come (law 3). Then lithe_sched_exit: everybody goes away again.
  do
  :: atomic { queued > 0 -> queued--; demand-- }
  :: work_done == WORK && queued == 0 && demand == 1 -> break
  od;
  take_lock();
  linked = false;
  drop_lock();
  atomic { assert(count > 0); count--; in_s[own] = false };
  count == 0;
  over = true
}

// Unblocks the guest each time that it has blocked.
proctype Waker() {
  byte h = NONE, c = NONE;
end:
  do
  :: guest_blocked ->
    guest_blocked = false;
    d_step { assert(owed == 0); owed++ };
    is_ready = true;
    request();
    guest_queued = true
  od
}

// Unblocks other contexts of S.
proctype Others() {
  byte h = NONE, c = NONE, i;
  for (i : 1 .. WORK) {
    request();
    queued++;
    work_done++
  }
}

proctype Monitor() {
end:
  atomic { LOST || STRANDED -> assert(false) }
}

init {
  atomic {
    byte i;
    for (i : 0 .. HARTS - 1) { carrier[i] = NONE; idle[i] = (i > 0) }
    spare = HARTS - 1;
    in_s[0] = true;
    first[0] = TAKEN;
    carrier[0] = HOME;
    carried[0] = 1;
    for (i : 0 .. CARRIERS - 1) { run Carrier(i) }
    run Waker();
    run Others();
    run Monitor()
  }
  over;
  assert(owed == 0 && rounds == ROUNDS)
}
