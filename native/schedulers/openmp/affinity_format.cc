#include "schedulers/openmp/affinity_format.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

#include "schedulers/openmp/api.hpp"
#include "schedulers/openmp/env_text.hpp"
#include "schedulers/openmp/guard.hpp"
#include "schedulers/openmp/places.hpp"
#include "schedulers/openmp/team.hpp"

namespace harts::omp {
namespace {

constexpr unsigned kWidest = 65535;

constexpr struct {
  char letter;
  const char *name;
} field_types[] = {
    {'t', "team_num"},         {'T', "num_teams"},     {'L', "nesting_level"},   {'n', "thread_num"},
    {'N', "num_threads"},      {'a', "ancestor_tnum"}, {'A', "thread_affinity"}, {'P', "process_id"},
    {'i', "native_thread_id"}, {'H', "host"},
};

/* A field of a format, without its value. */
struct Field {
  char letter = '%';
  unsigned width = 0;
  bool to_right = false;
  bool with_zeros = false;
};

/* Reads the field behind the percent sign at `at`. Returns where it ends, NULL when it is none. */
const char *read_field(const char *at, Field *out, std::string *problem) {
  const auto fail = [problem](const std::string &what) -> const char * {
    if (problem != nullptr && problem->empty()) *problem = what;
    return nullptr;
  };
  if (*++at == '%') return at + 1;
  if (*at == '0') {
    if (*++at != '.') return fail("the 0 of a width that has no dot behind it");
    out->with_zeros = true;
  }
  if (*at == '.') {
    ++at;
    out->to_right = true;
  }
  if (isdigit(static_cast<unsigned char>(*at))) {
    for (; isdigit(static_cast<unsigned char>(*at)); ++at) {
      out->width = out->width * 10 + static_cast<unsigned>(*at - '0');
      if (out->width > kWidest) return fail("a width above 65535");
    }
  } else if (out->to_right) {
    return fail("a dot without a width");
  }
  if (*at == '{') {
    const char *end = strchr(++at, '}');
    if (end == nullptr) return fail("a name without its closing brace");
    for (const auto &type : field_types) {
      if (strlen(type.name) != static_cast<size_t>(end - at) || strncmp(type.name, at, strlen(type.name)) != 0)
        continue;
      out->letter = type.letter;
      return end + 1;
    }
    return fail("{" + std::string(at, end) + "}, which is no field");
  }
  for (const auto &type : field_types) {
    if (*at != type.letter) continue;
    out->letter = type.letter;
    return at + 1;
  }
  return fail(*at != '\0' ? "%" + std::string(1, *at) + ", which is no field" : "a % at the end");
}

std::string hexadecimal(unsigned long number) {
  char digits[2 * sizeof number + 1];
  snprintf(digits, sizeof digits, "%lx", number);
  return digits;
}

/* Fills up to the width. Zeros go between the prefix (a sign, or 0x) and the digits. */
std::string padded(const Field &field, bool is_number, const std::string &prefix, const std::string &value) {
  const size_t length = prefix.size() + value.size();
  const size_t missing = field.width > length ? field.width - length : 0;
  if (!field.to_right) return prefix + value + std::string(missing, ' ');
  if (field.with_zeros && is_number) return prefix + std::string(missing, '0') + value;
  return std::string(missing, ' ') + prefix + value;
}

std::string padded_number(const Field &field, long number) {
  return padded(field, true, number < 0 ? "-" : "", std::to_string(number < 0 ? -number : number));
}

std::string value_of_field(const Field &field, const AffinityFacts &facts) {
  switch (field.letter) {
    case 't':
      return padded_number(field, facts.team_num);
    case 'T':
      return padded_number(field, facts.num_teams);
    case 'L':
      return padded_number(field, facts.nesting_level);
    case 'n':
      return padded_number(field, facts.thread_num);
    case 'N':
      return padded_number(field, facts.num_threads);
    case 'a':
      return padded_number(field, facts.ancestor_tnum);
    case 'P':
      return padded_number(field, facts.process_id);
    case 'A':
      return padded(field, false, "", facts.thread_affinity);
    case 'i':
      return padded(field, true, "0x", hexadecimal(facts.native_thread_id));
    case 'H':
      return padded(field, false, "", facts.host);
    default:
      return "%";
  }
}

/* affinity-format-var, one for the process. Replaced as a whole; a reader keeps the one that it has. */
struct FormatVariable {
  Guard guard;
  std::shared_ptr<const std::string> text;
};

/* Leaked: threads may use it while the process exits. */
FormatVariable &format_variable() {
  static FormatVariable &variable =
      *new FormatVariable{{}, std::make_shared<std::string>(environment().affinity_format)};
  return variable;
}

std::shared_ptr<const std::string> current_format() {
  FormatVariable &variable = format_variable();
  std::lock_guard<Guard> hold(variable.guard);
  return variable.text;
}

void set_format(std::string format) {
  const std::string problem = affinity_format_problem(format.c_str());
  if (!problem.empty()) {
    warn("\"%s\" is not an affinity format: it has %s; the one that was set stays.", format.c_str(), problem.c_str());
    return;
  }
  auto text = std::make_shared<const std::string>(std::move(format));
  FormatVariable &variable = format_variable();
  std::lock_guard<Guard> hold(variable.guard);
  variable.text.swap(text);
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? name : "";
}

/* The PUs of all harts: a thread runs on whichever is free. */
std::string affinity_of_threads() {
  Place place;
  for (const lithe_hart_place_t &hart : machine_harts()) place.push_back(hart.pu_os);
  std::sort(place.begin(), place.end());
  place.erase(std::unique(place.begin(), place.end()), place.end());
  return pus_text(place);
}

AffinityFacts facts_of(const Member &member) {
  AffinityFacts facts;
  facts.team_num = static_cast<int>(member.team->group->team);
  facts.num_teams = static_cast<int>(member.team->group->teams);
  facts.nesting_level = static_cast<int>(member.team->level);
  facts.thread_num = static_cast<int>(member.number);
  facts.num_threads = static_cast<int>(member.team->size);
  if (member.team->encountering != nullptr) facts.ancestor_tnum = static_cast<int>(member.team->encountering->number);
  facts.thread_affinity = affinity_of_threads();
  facts.process_id = getpid();
  facts.native_thread_id = static_cast<unsigned long>(pthread_self());
  facts.host = host_name();
  return facts;
}

/* What the format says of the calling thread; without a format, what affinity-format-var says. */
std::string captured(const char *format) {
  std::shared_ptr<const std::string> usual;
  if (format == nullptr || *format == '\0') {
    usual = current_format();
    format = usual->c_str();
  }
  std::string problem;
  std::string text = expand_affinity(format, facts_of(self()), &problem);
  if (!problem.empty()) warn("\"%s\" is not an affinity format: it has %s, shown as it is.", format, problem.c_str());
  return text;
}

void display(const char *format) {
  const std::string line = captured(format) + "\n";
  fputs(line.c_str(), stderr);
}

/* As much as there is room for, and a NUL. */
size_t copy_to_c(const std::string &text, char *buffer, size_t size) {
  if (size != 0) {
    const size_t copied = std::min(text.size(), size - 1);
    memcpy(buffer, text.data(), copied);
    buffer[copied] = '\0';
  }
  return text.size();
}

/* As much as there is room for, and blanks. */
int32_t copy_to_fortran(const std::string &text, char *buffer, size_t size) {
  const size_t copied = std::min(text.size(), size);
  memcpy(buffer, text.data(), copied);
  memset(buffer + copied, ' ', size - copied);
  return static_cast<int32_t>(std::min<size_t>(text.size(), INT32_MAX));
}

/* No exception may pass through code of the program. */
template <typename Body>
auto without_exceptions(Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    warn("out of memory for an affinity format");
    return decltype(body())();
  }
}

/* What the calling thread has shown of itself: a thread's identity does not change, its seat does. */
struct Shown {
  unsigned level, number, size;
};
__thread Shown last_shown __attribute__((tls_model("initial-exec")));

}  // namespace

std::string expand_affinity(const char *format, const AffinityFacts &facts, std::string *problem) {
  std::string text;
  while (*format != '\0') {
    Field field;
    const char *end = *format == '%' ? read_field(format, &field, problem) : nullptr;
    if (end != nullptr) {
      text += value_of_field(field, facts);
      format = end;
    } else {
      text += *format++;
    }
  }
  return text;
}

std::string affinity_format_problem(const char *format) {
  std::string problem;
  expand_affinity(format, AffinityFacts(), &problem);
  return problem;
}

void show_affinity_if_changed() {
  const Member &member = self();
  const Shown now = {member.team->level, member.number, member.team->size};
  if (memcmp(&now, &last_shown, sizeof now) == 0) return;
  last_shown = now;
  without_exceptions([] { display(nullptr); });
}

}  // namespace harts::omp

using namespace harts::omp;

HARTS_OMP_API void omp_set_affinity_format(const char *format) {
  self();
  without_exceptions([&] { set_format(format != nullptr ? format : ""); });
}

HARTS_OMP_API size_t omp_get_affinity_format(char *buffer, size_t size) {
  self();
  return without_exceptions([&] { return copy_to_c(*current_format(), buffer, size); });
}

HARTS_OMP_API void omp_display_affinity(const char *format) {
  without_exceptions([&] { display(format); });
}

HARTS_OMP_API size_t omp_capture_affinity(char *buffer, size_t size, const char *format) {
  return without_exceptions([&] { return copy_to_c(captured(format), buffer, size); });
}

/* The Fortran names. The compiler passes the lengths of texts after all arguments; there is no NUL. */
HARTS_OMP_API void omp_set_affinity_format_(const char *format, size_t length) {
  self();
  without_exceptions([&] { set_format(std::string(format, length)); });
}

HARTS_OMP_API int32_t omp_get_affinity_format_(char *buffer, size_t size) {
  self();
  return without_exceptions([&] { return copy_to_fortran(*current_format(), buffer, size); });
}

HARTS_OMP_API void omp_display_affinity_(const char *format, size_t length) {
  without_exceptions([&] { display(std::string(format, length).c_str()); });
}

HARTS_OMP_API int32_t omp_capture_affinity_(char *buffer, const char *format, size_t size, size_t length) {
  return without_exceptions(
      [&] { return copy_to_fortran(captured(std::string(format, length).c_str()), buffer, size); });
}
