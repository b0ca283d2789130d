// Who is looked at when a hart is free: Wanting::update (root_wanting.cc), RootCallbacks::hart_request, child_enter
// (root.cc), Root::take_from, note_left and note_want (root_share.cc), next_that_wants (root_lists.cc).
//
// Scheduler 0 is there from the beginning, and alone until scheduler 1 comes, which stays. Two harts: each takes what
// the root gives it, and comes back when the scheduler has no work, or because its slice is over (SLICES times). Work for
// scheduler 0 comes from outside, WORK pieces, each as a request and then a piece.
//
// Property: nobody who wants is missed. That all work is done shows it: a hart that finds nobody waits, and only a request
// wakes it. The counts of harts, demand and the flag are read and written without the lock, as in the code.
//
// check:
// broken: BREAK_OUT_WITHOUT_SECOND_LOOK -> deadlock
// broken: BREAK_LONE_IS_NOT_UPDATED -> deadlock
// broken: BREAK_REQUEST_READS_FLAG_FIRST -> deadlock
// broken: BREAK_LEFT_IS_FORGOTTEN -> deadlock
//
// WORK=2 has 26 million states and no error either.

#ifndef WORK
#define WORK 1
#endif
#ifndef SLICES
#define SLICES 1
#endif
#define HARTS 2
#define NONE 7

bool lock;              // Root::lock_
byte spare;             // Root::spare_
bool idle[HARTS], woken[HARTS];
byte linked = 1;        // how many schedulers there are: 0, or 0 and 1
bool is_in[2];          // the heaps of Wanting
bool flag[2];           // lithe_sched_t.internal.wants
short demand[2];
short harts[2];
byte queued, done;      // of scheduler 0
bool is_contended;      // Root::is_contended_
byte slices;

inline take_lock() { atomic { !lock -> lock = true } }
inline drop_lock() { lock = false }

#define WANTS(s) (harts[s] < demand[s])

// Wanting::update, under the lock.
inline update(s) {
  is_in[s] = false;
  if
  :: !WANTS(s) ->
    flag[s] = false;
#ifdef BREAK_OUT_WITHOUT_SECOND_LOOK
    skip
#else
    if :: WANTS(s) -> is_in[s] = true; flag[s] = true :: else fi
#endif
  :: else -> is_in[s] = true; flag[s] = true
  fi
}

// next_that_wants, under the lock: a lone scheduler is looked at in any case. What wants no more is taken out.
inline pick(out) {
  out = NONE;
  if
  :: linked == 1 -> if :: WANTS(0) -> out = 0 :: else fi
  :: else ->
    do
    :: is_in[0] && out == NONE -> if :: WANTS(0) -> out = 0 :: else -> update(0) fi
    :: is_in[1] && out == NONE -> if :: WANTS(1) -> out = 1 :: else -> update(1) fi
    :: out != NONE || (!is_in[0] && !is_in[1]) -> break
    od
  fi
}

inline dispatch() {
  do
  :: take_lock();
    if
    :: spare == 0 -> drop_lock(); break
    :: else ->
      pick(who);
      if
      :: who == NONE -> drop_lock(); break
      :: else ->
        d_step {
          if :: idle[0] -> h = 0 :: else -> assert(idle[1]); h = 1 fi;
          idle[h] = false;
          spare--;
          harts[who] = harts[who] + 1;
          at[h] = who;
          woken[h] = true
        };
        drop_lock()
      fi
    fi
  od;
  atomic { h = 0; who = NONE }
}

byte at[HARTS];

proctype Hart(byte me) {
  byte h, who = NONE, left = NONE;
  bool has_work, is_idle;
end:
  do
  :: atomic { woken[me] -> woken[me] = false };
    do
    :: true ->
      // With its scheduler: a piece of work, or back to the root.
      if
      :: at[me] == 0 ->
        atomic { has_work = (queued > 0); if :: has_work -> queued-- :: else fi };
        if
        :: has_work -> demand[0] = demand[0] - 1; done++
        :: else
        fi
      :: else -> demand[1] = 0; has_work = false
      fi;
      if
      :: has_work ->
        if :: slices < SLICES -> slices++ :: true -> goto again fi
      :: else
      fi;
      // Root::take_from
      left = at[me];
      if
      :: flag[left] && !is_contended -> harts[left] = harts[left] - 1
      :: else ->
        harts[left] = harts[left] - 1;
        if
        :: WANTS(left) ->
          if
          :: !flag[left] || is_contended ->
            take_lock();
            if :: left < linked -> update(left) :: else fi;
            drop_lock()
          :: else
          fi
        :: else
        fi;
        left = NONE
      fi;
      // Root::next
      take_lock();
#ifndef BREAK_LEFT_IS_FORGOTTEN
      if :: left < linked && linked > 1 -> update(left) :: else fi;
#endif
      left = NONE;
      is_idle = false;
look: pick(who);
      if
      :: who != NONE ->
        d_step {
          if :: is_idle -> idle[me] = false; spare-- :: else fi;
          harts[who] = harts[who] + 1;
          at[me] = who
        };
        drop_lock()
      :: who == NONE && !is_idle -> d_step { idle[me] = true; spare++; is_idle = true }; goto look
      :: else -> drop_lock(); break
      fi;
again: atomic { has_work = false; is_idle = false; who = NONE }
    od;
    atomic { has_work = false; is_idle = false; who = NONE }
  od
}

// lithe_hart_request, then the piece is queued.
proctype Outside() {
  byte h, who = NONE, piece;
  bool is_known;
  for (piece : 1 .. WORK) {
#ifdef BREAK_REQUEST_READS_FLAG_FIRST
    is_known = flag[0];
    demand[0] = demand[0] + 1;
#else
    atomic { demand[0] = demand[0] + 1 };
    is_known = flag[0];
#endif
    if :: !is_known -> take_lock(); update(0); drop_lock() :: else fi;
    if :: spare > 0 -> dispatch() :: else fi;
    queued++
  }
  done == WORK
}

// Scheduler 1 comes and wants a hart. It stays: if it went, everything would be looked at again.
proctype Rival() {
  byte h, who = NONE;
  take_lock();
  d_step { linked = 2; is_contended = true; demand[1] = 0; harts[1] = 0; flag[1] = false };
#ifndef BREAK_LONE_IS_NOT_UPDATED
  update(0);
#endif
  drop_lock();
  demand[1] = 1;
  if :: !flag[1] -> take_lock(); update(1); drop_lock() :: else fi;
  if :: spare > 0 -> dispatch() :: else fi;
  demand[1] == 0
}

init {
  atomic {
    flag[0] = true;  // Wanting::add of one that is alone
    idle[0] = true;
    idle[1] = true;
    spare = 2;
    run Hart(0);
    run Hart(1);
    run Outside();
    run Rival()
  }
}
