#include "schedulers/openmp/env.hpp"

#include <pthread.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <cstdlib>
#include <new>
#include <string>

#include "schedulers/openmp/affinity_format.hpp"
#include "schedulers/openmp/env_text.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

/* By handle, from 1. */
constexpr const char *allocator_names[] = {
    "omp_default_mem_alloc", "omp_large_cap_mem_alloc", "omp_const_mem_alloc", "omp_high_bw_mem_alloc",
    "omp_low_lat_mem_alloc", "omp_cgroup_mem_alloc",    "omp_pteam_mem_alloc", "omp_thread_mem_alloc",
};
static_assert(sizeof allocator_names / sizeof *allocator_names == kLastPredefinedAllocator);

void read_num_threads(Environment &env) {
  const char *text = value_of("OMP_NUM_THREADS");
  if (text == nullptr) return;
  std::vector<unsigned> list;
  for (;;) {
    unsigned long number;
    if (!read_number(&text, 1, INT_MAX, &number)) break;
    list.push_back(static_cast<unsigned>(number));
    if (*text == '\0') {
      env.thread_list = list;
      env.controls.threads = list.front();
      return;
    }
    if (*text++ != ',') break;
  }
  refuse("OMP_NUM_THREADS", "a list of positive numbers", "one thread for each hart");
}

void read_schedule(Environment &env) {
  const char *text = value_of("OMP_SCHEDULE");
  if (text == nullptr) return;
  unsigned modifier = 0;
  for (const char *word : {"monotonic", "nonmonotonic"}) {
    const char *at = text;
    if (!read_word(&at, word)) continue;
    if (*at != ':') break;
    text = at + 1;
    if (*word == 'm') modifier = kMonotonic;
    break;
  }
  constexpr struct {
    const char *word;
    unsigned kind;
    long chunk;
  } kinds[] = {{"static", kStatic, 0}, {"dynamic", kDynamic, 1}, {"guided", kGuided, 1}, {"auto", kAuto, 0}};
  for (const auto &kind : kinds) {
    const char *at = text;
    if (!read_word(&at, kind.word)) continue;
    unsigned long chunk = static_cast<unsigned long>(kind.chunk);
    if (*at == ',') {
      ++at;
      if (!read_number(&at, 1, LONG_MAX, &chunk)) break;
    }
    if (*at != '\0') break;
    env.controls.schedule = kind.kind | modifier;
    env.controls.chunk = static_cast<long>(chunk);
    return;
  }
  refuse("OMP_SCHEDULE", "[monotonic:|nonmonotonic:]{static|dynamic|guided|auto}[,chunk]", "dynamic,1");
}

size_t default_stack_size() {
  pthread_attr_t attributes;
  size_t size = 0;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
  }
  return size;
}

void read_stack_size(Environment &env) {
  env.stack_size = default_stack_size();
  const char *name = value_of("OMP_STACKSIZE") != nullptr ? "OMP_STACKSIZE" : "GOMP_STACKSIZE";
  const char *text = value_of(name);
  if (text == nullptr) return;
  size_t size;
  if (!read_size(text, &size)) {
    refuse(name, "a size like 512K, 8M or 1G", "the default of threads");
  } else if (size < static_cast<size_t>(PTHREAD_STACK_MIN)) {
    warn("%s=\"%s\" is less than a thread needs; using %ld bytes.", name, text, static_cast<long>(PTHREAD_STACK_MIN));
    env.stack_size = static_cast<size_t>(PTHREAD_STACK_MIN);
  } else {
    env.stack_size = size;
  }
}

void read_truth(const char *name, bool *out, const char *instead) {
  const char *text = value_of(name);
  if (text == nullptr) return;
  const int value = truth(text);
  if (value < 0) {
    refuse(name, "true or false", instead);
  } else {
    *out = value != 0;
  }
}

void read_levels(Environment &env) {
  if (const char *text = value_of("OMP_MAX_ACTIVE_LEVELS")) {
    unsigned long levels;
    if (read_number(&text, 0, INT_MAX, &levels) && *text == '\0') {
      env.controls.max_active_levels = static_cast<int>(levels);
      return;
    }
    refuse("OMP_MAX_ACTIVE_LEVELS", "a number that is not negative", "no limit");
  }
  bool nested = true;
  read_truth("OMP_NESTED", &nested, "true");
  if (!nested) env.controls.max_active_levels = 1;
}

void read_thread_limit(Environment &env) {
  const char *text = value_of("OMP_THREAD_LIMIT");
  if (text == nullptr) return;
  unsigned long limit;
  if (read_number(&text, 1, UINT_MAX, &limit) && *text == '\0') {
    env.thread_limit = static_cast<unsigned>(limit);
  } else {
    refuse("OMP_THREAD_LIMIT", "a positive number", "no limit");
  }
}

void read_count(const char *name, int *out, const char *instead) {
  const char *text = value_of(name);
  if (text == nullptr) return;
  unsigned long count;
  if (read_number(&text, 1, INT_MAX, &count) && *text == '\0') {
    *out = static_cast<int>(count);
  } else {
    refuse(name, "a positive number", instead);
  }
}

/* One of the predefined allocators. */
void read_allocator(Environment &env) {
  const char *text = value_of("OMP_ALLOCATOR");
  if (text == nullptr) return;
  AllocatorHandle handle = kDefaultAllocator;
  for (const char *name : allocator_names) {
    const char *at = text;
    if (read_word(&at, name) && *at == '\0') {
      env.controls.allocator = handle;
      return;
    }
    ++handle;
  }
  refuse("OMP_ALLOCATOR", "the name of a predefined allocator", "omp_default_mem_alloc");
}

void read_target_offload(Environment &env) {
  const char *text = value_of("OMP_TARGET_OFFLOAD");
  if (text == nullptr) return;
  for (const char *word : {"mandatory", "disabled", "default"}) {
    const char *at = text;
    if (!read_word(&at, word) || *at != '\0') continue;
    env.needs_device = *word == 'm';
    return;
  }
  refuse("OMP_TARGET_OFFLOAD", "mandatory, disabled or default", "default");
}

/* A number that may be 0. */
void read_natural(const char *name, int *out) {
  const char *text = value_of(name);
  if (text == nullptr) return;
  unsigned long number;
  if (read_number(&text, 0, INT_MAX, &number) && *text == '\0') {
    *out = static_cast<int>(number);
  } else {
    refuse(name, "a number that is not negative", "0");
  }
}

bool read_bind_list(const char *text, std::vector<ProcBind> *out) {
  constexpr struct {
    const char *word;
    ProcBind bind;
  } words[] = {{"primary", kBindPrimary}, {"master", kBindPrimary}, {"close", kBindClose}, {"spread", kBindSpread}};
  std::vector<ProcBind> list;
  for (const bool is_true : {false, true}) {
    const char *at = text;
    if (!read_word(&at, is_true ? "true" : "false")) continue;
    *out = {is_true ? kBindTrue : kBindFalse};
    return *at == '\0';
  }
  do {
    const size_t before = list.size();
    for (const auto &known : words) {
      if (list.size() == before && read_word(&text, known.word)) list.push_back(known.bind);
    }
    if (list.size() == before) return false;
  } while (read_mark(&text, ','));
  *out = list;
  return *text == '\0';
}

/* Places from the variable `name`, if it has some. */
void read_places_of(const char *name, const char *expected, decltype(read_places) *read, Environment &env) {
  const char *text = value_of(name);
  if (text == nullptr) return;
  size_t dropped = 0;
  const std::vector<lithe_hart_place_t> harts = machine_harts();
  if (harts.empty()) return; /* the machine cannot be read, which is said elsewhere */
  switch (read(text, harts, &env.places, &dropped)) {
    case PlacesRead::kOk:
      if (dropped != 0) warn("%s=\"%s\": %zu places have no hart; using the others.", name, text, dropped);
      return;
    case PlacesRead::kSyntax:
      refuse(name, expected, "no places");
      return;
    case PlacesRead::kNoneUsable:
      warn("%s=\"%s\" has no processor with a hart; using no places.", name, text);
      return;
  }
}

/* OMP_PROC_BIND=false turns all the rest off. Otherwise either wish, for places or for binding, brings the other. */
void read_binding(Environment &env) {
  const char *text = value_of("OMP_PROC_BIND");
  bool is_set = text != nullptr;
  if (is_set && !read_bind_list(text, &env.bind_list)) {
    refuse("OMP_PROC_BIND", "true, false or a list of primary, close and spread", "what OMP_PLACES implies");
    env.bind_list.clear();
    is_set = false;
  }
  if (is_set && env.bind_list.front() == kBindFalse) return;
  read_places_of("OMP_PLACES", "the name of a kind of places or a list of them like {0:4},{4:4}", &read_places, env);
  if (env.places.empty())
    read_places_of("GOMP_CPU_AFFINITY", "a list of processors like 0,2,4-8:2", &read_cpu_list, env);
  if (env.places.empty() && is_set) env.places = places_of_threads(machine_harts());
  if (!is_set && !env.places.empty()) env.bind_list = {kBindTrue};
  if (!env.bind_list.empty()) env.controls.proc_bind = env.bind_list.front();
}

void read_affinity(Environment &env) {
  read_binding(env);
  read_truth("OMP_DISPLAY_AFFINITY", &env.shows_affinity, "false");
  env.affinity_format = kDefaultAffinityFormat;
  const char *format = value_of("OMP_AFFINITY_FORMAT");
  if (format == nullptr) return;
  const std::string problem = affinity_format_problem(format);
  if (problem.empty()) {
    env.affinity_format = format;
  } else {
    refuse("OMP_AFFINITY_FORMAT", ("an affinity format (it has " + problem + ")").c_str(), kDefaultAffinityFormat);
  }
}

void read_wait_policy(Environment &env) {
  const char *text = value_of("OMP_WAIT_POLICY");
  if (text == nullptr) return;
  for (const WaitPolicy policy : {WaitPolicy::kActive, WaitPolicy::kPassive}) {
    const char *at = text;
    if (!read_word(&at, policy == WaitPolicy::kActive ? "active" : "passive") || *at != '\0') continue;
    env.wait_policy = policy;
    return;
  }
  refuse("OMP_WAIT_POLICY", "active or passive", "a short spin");
}

/* A number with k, M, G or T behind it (powers of ten), or `infinite`. */
bool read_count_of_spins(const char *text, unsigned long *out) {
  for (const char *word : {"infinite", "infinity"}) {
    const char *at = text;
    if (!read_word(&at, word)) continue;
    *out = kSpinForever;
    return *at == '\0';
  }
  unsigned long number;
  if (!read_number(&text, 0, ULONG_MAX, &number)) return false;
  unsigned long factor = 1;
  constexpr struct {
    char letter;
    unsigned long factor;
  } suffixes[] = {{'k', 1000ul}, {'m', 1000000ul}, {'g', 1000000000ul}, {'t', 1000000000000ul}};
  for (const auto &suffix : suffixes) {
    if (tolower(static_cast<unsigned char>(*text)) != suffix.letter) continue;
    factor = suffix.factor;
    ++text;
    break;
  }
  return at_end(text) && !__builtin_mul_overflow(number, factor, out);
}

void read_spin_count(Environment &env) {
  const char *text = value_of("GOMP_SPINCOUNT");
  if (text == nullptr) return;
  env.has_spin_count = read_count_of_spins(text, &env.spin_count);
  if (!env.has_spin_count) {
    refuse("GOMP_SPINCOUNT", "a number, perhaps with k, M, G or T, or infinite", "what OMP_WAIT_POLICY says");
  }
}

Environment read_environment() try {
  Environment env;
  read_num_threads(env);
  read_schedule(env);
  read_stack_size(env);
  read_truth("OMP_DYNAMIC", &env.controls.dynamic, "false");
  read_levels(env);
  read_thread_limit(env);
  read_allocator(env);
  read_count("OMP_NUM_TEAMS", &env.controls.teams, "one team");
  read_count("OMP_TEAMS_THREAD_LIMIT", &env.controls.teams_thread_limit, "the limit of all threads");
  read_target_offload(env);
  read_truth("OMP_CANCELLATION", &env.cancellation, "false");
  read_affinity(env);
  read_wait_policy(env);
  read_spin_count(env);
  read_natural("OMP_DEFAULT_DEVICE", &env.controls.default_device);
  read_natural("OMP_MAX_TASK_PRIORITY", &env.max_task_priority);
  return env;
} catch (const std::bad_alloc &) {
  fatal("out of memory for the variables OMP_*");
}

/* The mode of OMP_DISPLAY_ENV. The standard wants it shown when the program starts; here it is when OpenMP is first
 * used, because reading the machine would start the runtime in programs that never use it. */
void display_if_asked() {
  const char *text = value_of("OMP_DISPLAY_ENV");
  if (text == nullptr) return;
  const char *at = text;
  const bool verbose = read_word(&at, "verbose") && *at == '\0';
  const int shown = verbose ? 1 : truth(text);
  if (shown < 0) refuse("OMP_DISPLAY_ENV", "true, false or verbose", "false");
  if (shown > 0) display_environment(verbose);
}

}  // namespace

Controls Controls::inherited(unsigned clause) const {
  Controls copy = *this;
  const std::vector<unsigned> &list = environment().thread_list;
  if (list_position + 1 < list.size()) copy.threads = list[++copy.list_position];
  const std::vector<ProcBind> &binds = environment().bind_list;
  if (bind_position + 1 < binds.size()) {
    copy.proc_bind = binds[++copy.bind_position];
  } else if (proc_bind != kBindFalse && clause >= kBindPrimary && clause <= kBindSpread) {
    copy.proc_bind = static_cast<ProcBind>(clause);
  }
  return copy;
}

const char *allocator_name(AllocatorHandle handle) { return allocator_names[handle - 1]; }

const Environment &environment() {
  static const Environment env = read_environment();
  return env;
}

void show_environment_once() {
  static const bool shown = (display_if_asked(), true);
  (void)shown;
}

}  // namespace harts::omp
