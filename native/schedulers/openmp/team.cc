#include "schedulers/openmp/team.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "lithe/lithe.h"
#include "schedulers/openmp/crew.hpp"
#include "schedulers/openmp/task_depend.hpp"
#include "schedulers/openmp/task_pool.hpp"
#include "schedulers/openmp/tasking.hpp"

namespace harts::omp {

__thread Member *current = nullptr;

namespace {

/* Ends the InitialThread of a thread that the runtime did not make, when that thread exits. */
struct Attachment {
  InitialThread *thread = nullptr;
  ~Attachment() {
    /* A thread that calls exit() inside a region leaves its team as it is: nobody may wait for it. The main thread's
     * thread_local objects end with the process: so do its crews, without running destructors beside exit handlers. */
    const bool in_region = thread == nullptr || current != &thread->outside.member;
    if (in_region || gettid() == getpid()) return;
    current = nullptr;
    /* A task whose event has not come yet belongs to the thread that made it, which is then left behind. */
    if (thread->outside.member.implicit.count.is_over(Until::kDescendants)) delete thread;
    thread = nullptr;
  }
};
thread_local Attachment attachment;

void say(const char *format, va_list arguments) {
  char line[512];
  const int length = vsnprintf(line, sizeof line, format, arguments);
  if (length > 0) fprintf(stderr, "libgomp (harts): %s\n", line);
}

/* Only the forking thread lives on in the child, with a runtime that starts afresh: it forgets its crews, whose
 * contexts are gone, and becomes an initial thread again at its next call. */
void forget_in_child() {
  current = nullptr;
  attachment.thread = nullptr;
}

void prepare_serial(SerialRegion &region, Member &encountering, const LoopSpec *combined, unsigned char bind_clause) {
  region.team.level = encountering.team->level + 1;
  region.team.active_level = encountering.team->active_level;
  region.team.encountering = &encountering;
  region.team.group = encountering.team->group;
  region.team.first_share = &region.share;
  region.member.team = &region.team;
  region.member.thread = encountering.thread;
  region.member.share = &region.share;
  region.member.controls = encountering.controls.inherited(bind_clause);
  if (combined != nullptr) begin_combined(region.member, *combined);
}

/* A task that waits for its event may have been left. */
void finish_tasks(SerialRegion &region) {
  if (region.team.tasks != nullptr) {
    drain_tasks(region.member);
    delete region.team.tasks;
    region.team.tasks = nullptr;
  }
  drop_dependences(region.member.implicit);
}

void give_back(ContentionGroup &group, unsigned threads) {
  if (threads != 0) group.threads.fetch_sub(threads, std::memory_order_relaxed);
}

void start_serial(Member &encountering, const LoopSpec *combined) {
  Thread &thread = *encountering.thread;
  SerialRegion *region = thread.spare;
  if (region != nullptr) {
    thread.spare = region->next;
    region->~SerialRegion();
  } else {
    region = static_cast<SerialRegion *>(::operator new (sizeof(SerialRegion), std::align_val_t{64}, std::nothrow));
    if (region == nullptr) fatal("out of memory for a parallel region");
  }
  new (region) SerialRegion;
  prepare_serial(*region, encountering, combined, 0);
  region->next = thread.open;
  thread.open = region;
  current = &region->member;
}

void end_serial(Thread &thread) {
  SerialRegion *region = thread.open;
  finish_tasks(*region);
  thread.open = region->next;
  current = region->team.encountering;
  region->next = thread.spare;
  thread.spare = region;
}

/* Starts a region of `size` > 1 threads; false if there can be no more than one. The threads are taken from the
 * contention group already. */
bool start_active(Member &encountering, void (*function)(void *), void *data, unsigned size, const LoopSpec *combined,
                  uintptr_t *reductions, unsigned char bind_clause) {
  Thread &thread = *encountering.thread;
  ContentionGroup &group = *encountering.team->group;
  const unsigned limited = group.limit != 0 ? size - 1 : 0;
  Crew *const made = thread.crew_here();
  if (made == nullptr) {
    warn("out of memory for a team. The region runs on one thread.");
    give_back(group, limited);
    return false;
  }
  Crew &crew = *made;
  Team &team = crew.team;
  team.limited = limited;
  team.size = std::min(size, crew.reserve(size - 1) + 1);
  team.level = encountering.team->level + 1;
  team.active_level = encountering.team->active_level + 1;
  team.encountering = &encountering;
  team.group = &group;
  team.function = function;
  team.data = data;
  team.bind_clause = bind_clause;
  team.is_combined = combined != nullptr;
  if (combined != nullptr) team.combined = *combined;
  team.singles.store(0, std::memory_order_relaxed);
  team.reductions = reductions;
  crew.begin_part(crew.master);
  int code = 0;
  if (team.size == 1 || (code = crew.start()) != 0) {
    if (code != 0) warn("cannot enter a scheduler: %s. The region runs on one thread.", lithe_strerror(code));
    give_back(group, team.limited);
    return false;
  }
  ++thread.depth;
  current = &crew.master;
  return true;
}

void end_active(Crew &crew) {
  Team &team = crew.team;
  Thread &thread = *crew.master.thread;
  crew.finish();
  --thread.depth;
  current = team.encountering;
  give_back(*team.group, team.limited);
}

}  // namespace

void warn(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(format, arguments);
  va_end(arguments);
}

void fatal(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(format, arguments);
  va_end(arguments);
  abort();
}

void unsupported(const char *what) { fatal("%s is not supported yet; aborting.", what); }

InitialThread::InitialThread() {
  own_group.limit = environment().thread_limit;
  outside.team.group = &own_group;
  outside.team.first_share = &outside.share;
  outside.member.team = &outside.team;
  outside.member.thread = this;
  outside.member.share = &outside.share;
  outside.member.controls = environment().controls;
}

InitialThread::~InitialThread() {
  delete outside.team.tasks;
  drop_dependences(outside.member.implicit);
}

Member &attach_thread() {
  static const bool is_registered = pthread_atfork(nullptr, nullptr, &forget_in_child) == 0;
  if (!is_registered) fatal("out of memory for a fork handler");
  /* The runtime's own thread_local objects come first, so that they outlive `attachment`. */
  if (lithe_context_self() == nullptr) fatal("out of memory for a thread");
  InitialThread *thread = new (std::nothrow) InitialThread;
  if (thread == nullptr) fatal("out of memory for a thread");
  /* A context of the runtime holds a hart at all times. (A guest inside another scheduler does too and passes for a
   * context here; that costs time at barriers only.) */
  thread->is_guest = lithe_hart_self() < 0;
  attachment.thread = thread;
  current = &thread->outside.member;
  show_environment_once();
  return *current;
}

Thread::~Thread() {
  for (Crew *crew : crews) crew->retire();
  while (SerialRegion *region = spare) {
    spare = region->next;
    delete region;
  }
}

Crew *Thread::crew_here() {
  while (crews.size() <= depth) {
    Crew *crew = make_room(crews) ? Crew::make(*this) : nullptr;
    if (crew == nullptr) return nullptr;
    crews.push_back(crew);
  }
  return crews[depth];
}

unsigned team_size(Member &encountering, unsigned requested) {
  if (requested == 1) return 1;
  const Controls &controls = encountering.controls;
  if (static_cast<long>(encountering.team->active_level) >= controls.max_active_levels) return 1;
  unsigned size = std::min(requested != 0 ? requested : max_threads(encountering), Crew::kLargestTeam);
  if (controls.dynamic) size = std::min(size, idle_harts(encountering) + 1);
  ContentionGroup &group = *encountering.team->group;
  const unsigned limit = group.limit;
  if (limit == 0 || size <= 1) return std::max(size, 1u);
  std::atomic<unsigned> &threads = group.threads;
  unsigned used = threads.load(std::memory_order_relaxed);
  unsigned more;
  do {
    more = used < limit ? std::min(size - 1, limit - used) : 0;
  } while (!threads.compare_exchange_weak(used, used + more, std::memory_order_relaxed));
  return more + 1;
}

void region_start(Member &encountering, void (*function)(void *), void *data, unsigned requested,
                  const LoopSpec *combined) {
  const unsigned size = team_size(encountering, requested);
  if (size == 1 || !start_active(encountering, function, data, size, combined, nullptr, 0))
    start_serial(encountering, combined);
}

void region_end() {
  Member &member = self();
  if (member.team->crew != nullptr) {
    end_active(*member.team->crew);
  } else if (member.thread->open != nullptr) {
    end_serial(*member.thread);
  }
  /* Neither: the region was started before a fork, in the parent process. */
}

void region_run(Member &encountering, void (*function)(void *), void *data, unsigned requested,
                const LoopSpec *combined, unsigned char bind_clause) {
  region_run_sized(encountering, function, data, team_size(encountering, requested), combined, nullptr, bind_clause);
}

unsigned region_run_sized(Member &encountering, void (*function)(void *), void *data, unsigned size,
                          const LoopSpec *combined, uintptr_t *reductions, unsigned char bind_clause) {
  if (size != 1 && start_active(encountering, function, data, size, combined, reductions, bind_clause)) {
    const Member *mine = current;
    const unsigned threads = mine->team->size;
    function(data);
    if (current == mine) end_active(*mine->team->crew); /* else this is a forked child: the team is not here */
    return threads;
  }
  SerialRegion region;
  prepare_serial(region, encountering, combined, bind_clause);
  region.team.reductions = reductions;
  current = &region.member;
  function(data);
  if (current != &region.member) return 1;
  finish_tasks(region);
  current = &encountering;
  return 1;
}

void run_initial(Member &encountering, void (*function)(void *), void *data, ContentionGroup &group,
                 const Controls &controls) {
  SerialRegion region;
  region.team.group = &group;
  region.team.first_share = &region.share;
  region.member.team = &region.team;
  region.member.thread = encountering.thread;
  region.member.share = &region.share;
  region.member.controls = controls;
  current = &region.member;
  function(data);
  if (current != &region.member) return; /* this is a forked child */
  finish_tasks(region);
  current = &encountering;
}

void team_barrier(Member &member) {
  if (Crew *crew = member.team->crew) {
    crew->barrier(member);
    return;
  }
  drain_tasks(member);
  member.team->is_construct_cancelled.store(false, std::memory_order_relaxed);
}

}  // namespace harts::omp
