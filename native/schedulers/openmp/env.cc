#include "schedulers/openmp/env.hpp"

#include <pthread.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <strings.h>

#include "lithe/lithe.h"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

/* By handle, from 1. */
constexpr const char *allocator_names[] = {
    "omp_default_mem_alloc", "omp_large_cap_mem_alloc", "omp_const_mem_alloc", "omp_high_bw_mem_alloc",
    "omp_low_lat_mem_alloc", "omp_cgroup_mem_alloc",    "omp_pteam_mem_alloc", "omp_thread_mem_alloc",
};
static_assert(sizeof allocator_names / sizeof *allocator_names == kLastPredefinedAllocator);

const char *skip_space(const char *text) {
  while (isspace(static_cast<unsigned char>(*text))) ++text;
  return text;
}

bool at_end(const char *text) { return *skip_space(text) == '\0'; }

/* A number in [low, high] at `*text`, which is moved behind it. */
bool read_number(const char **text, unsigned long low, unsigned long high, unsigned long *out) {
  const char *from = skip_space(*text);
  if (!isdigit(static_cast<unsigned char>(*from))) return false;
  char *end;
  errno = 0;
  const unsigned long value = strtoul(from, &end, 10);
  if (errno != 0 || value < low || value > high) return false;
  *out = value;
  *text = skip_space(end);
  return true;
}

/* The value of an environment variable, NULL when it is not set or empty. */
const char *value_of(const char *name) {
  const char *value = getenv(name);
  return value != nullptr && !at_end(value) ? value : nullptr;
}

void refuse(const char *name, const char *expected, const char *instead) {
  warn("%s=\"%s\" is not %s; using %s.", name, getenv(name), expected, instead);
}

bool read_word(const char **text, const char *word) {
  const char *from = skip_space(*text);
  const size_t length = strlen(word);
  if (strncasecmp(from, word, length) != 0 || isalnum(static_cast<unsigned char>(from[length]))) return false;
  *text = skip_space(from + length);
  return true;
}

/* 1 or 0 for true or false, -1 when it is neither. */
int truth(const char *text) {
  for (const char *word : {"true", "1", "yes", "on"}) {
    const char *at = text;
    if (read_word(&at, word) && *at == '\0') return 1;
  }
  for (const char *word : {"false", "0", "no", "off"}) {
    const char *at = text;
    if (read_word(&at, word) && *at == '\0') return 0;
  }
  return -1;
}

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

/* A number with B, K, M or G behind it; K when there is none. */
bool read_size(const char *text, size_t *out) {
  unsigned long number;
  if (!read_number(&text, 1, ULONG_MAX, &number)) return false;
  unsigned shift = 10;
  if (*text != '\0') {
    switch (toupper(static_cast<unsigned char>(*text++))) {
      case 'B':
        shift = 0;
        break;
      case 'K':
        break;
      case 'M':
        shift = 20;
        break;
      case 'G':
        shift = 30;
        break;
      default:
        return false;
    }
  }
  if (!at_end(text) || (number << shift) >> shift != number) return false;
  *out = number << shift;
  return true;
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

std::string upper(std::string text) {
  for (char &letter : text) letter = static_cast<char>(toupper(static_cast<unsigned char>(letter)));
  return text;
}

std::string list_text(const Environment &env) {
  if (env.thread_list.empty()) return std::to_string(max_threads(self()));
  std::string text;
  for (unsigned number : env.thread_list) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::string schedule_text(const Controls &controls) {
  static const char *const names[] = {"RUNTIME", "STATIC", "DYNAMIC", "GUIDED", "AUTO"};
  std::string text = (controls.schedule & kMonotonic) != 0 ? "MONOTONIC:" : "";
  text += names[controls.schedule & kScheduleMask];
  const long usual = (controls.schedule & kScheduleMask) == kDynamic || (controls.schedule & kScheduleMask) == kGuided;
  if (controls.chunk != usual) text += "," + std::to_string(controls.chunk);
  return text;
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
  read_count("OMP_MAX_TASK_PRIORITY", &env.max_task_priority, "0");
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

Controls Controls::inherited() const {
  Controls copy = *this;
  const std::vector<unsigned> &list = environment().thread_list;
  if (list_position + 1 < list.size()) copy.threads = list[++copy.list_position];
  return copy;
}

const Environment &environment() {
  static const Environment env = read_environment();
  return env;
}

void show_environment_once() {
  static const bool shown = (display_if_asked(), true);
  (void)shown;
}

void display_environment(bool verbose) try {
  const Environment &env = environment();
  const Controls &controls = env.controls;
  const unsigned limit = env.thread_limit != 0 ? env.thread_limit : UINT_MAX;
  std::string text = "\nOPENMP DISPLAY ENVIRONMENT BEGIN\n  _OPENMP = '201511'\n";
  const auto line = [&text](const char *name, const std::string &value) {
    text += std::string("  [host] ") + name + " = '" + value + "'\n";
  };
  const auto flag = [](bool on) { return std::string(on ? "TRUE" : "FALSE"); };
  line("OMP_DYNAMIC", flag(controls.dynamic));
  line("OMP_NESTED", flag(controls.max_active_levels > 1));
  line("OMP_NUM_THREADS", list_text(env));
  line("OMP_SCHEDULE", schedule_text(controls));
  line("OMP_PROC_BIND", "FALSE");
  line("OMP_PLACES", "");
  line("OMP_STACKSIZE", std::to_string(env.stack_size));
  line("OMP_THREAD_LIMIT", std::to_string(limit));
  line("OMP_MAX_ACTIVE_LEVELS", std::to_string(controls.max_active_levels));
  line("OMP_ALLOCATOR", upper(allocator_names[controls.allocator - 1]));
  line("OMP_CANCELLATION", flag(env.cancellation));
  line("OMP_NUM_TEAMS", std::to_string(controls.teams));
  line("OMP_TEAMS_THREAD_LIMIT", std::to_string(controls.teams_thread_limit));
  line("OMP_TARGET_OFFLOAD", env.needs_device ? "MANDATORY" : "DEFAULT");
  line("OMP_DEFAULT_DEVICE", std::to_string(controls.default_device));
  if (verbose) {
    line("HARTS", std::to_string(lithe_hart_count()));
    line("LIBRARY", "harts");
  }
  text += "OPENMP DISPLAY ENVIRONMENT END\n";
  fputs(text.c_str(), stderr);
} catch (const std::bad_alloc &) {
  warn("out of memory for the display of the environment");
}

}  // namespace harts::omp
