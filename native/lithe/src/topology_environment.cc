// What the environment says about the machine: HARTS, HARTS_VIRTUAL, HARTS_SMT, HARTS_TOPOLOGY.
#include "topology_environment.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lithe/error.h"
#include "topology.h"

namespace lithe::core {
namespace {

// The value of a variable, null when it is unset or empty.
const char *value_of(const char *name) {
  const char *text = std::getenv(name);
  return text && *text ? text : nullptr;
}

// Reads a number of harts: 0 when unset, negative code when it is not one.
int harts_from(const char *name, std::string &problem) {
  const char *text = value_of(name);
  if (!text) return 0;
  char *end = nullptr;
  errno = 0;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || errno != 0 || value < 1 || value > most_harts) {
    problem = std::string(name) + "=" + text + " is not a number of harts: use a whole number from 1 to " +
              std::to_string(most_harts) + ", or unset it";
    return LITHE_EINVAL;
  }
  return static_cast<int>(value);
}

}  // namespace

int read_topology_environment(TopologyEnvironment &environment, std::string &problem) {
  environment.limit = harts_from("HARTS", problem);
  if (environment.limit < 0) return environment.limit;
  environment.virtual_harts = harts_from("HARTS_VIRTUAL", problem);
  if (environment.virtual_harts < 0) return environment.virtual_harts;
  if (const char *smt = value_of("HARTS_SMT")) {
    environment.smt = std::strcmp(smt, "off") != 0;
    if (environment.smt && std::strcmp(smt, "on") != 0) {
      problem = std::string("HARTS_SMT=") + smt + " is neither on nor off: use one of these, or unset it";
      return LITHE_EINVAL;
    }
  }
  environment.description = value_of("HARTS_TOPOLOGY");
  if (environment.description && described_pus(environment.description) > most_harts) {
    problem = std::string("HARTS_TOPOLOGY=") + environment.description + " describes more than " +
              std::to_string(most_harts) + " PUs: use smaller numbers, or unset it";
    return LITHE_EINVAL;
  }
  return 0;
}

unsigned long described_pus(const char *description) {
  unsigned long product = 1;
  int depth = 0;  // of brackets: attributes and attached memory multiply nothing
  char before = ' ';
  for (const char *at = description; *at;) {
    if (*at == '(' || *at == '[') ++depth;
    if (*at == ')' || *at == ']') --depth;
    const bool is_start = before == ':' || std::isspace(static_cast<unsigned char>(before)) || before == ']';
    if (depth == 0 && is_start && std::isdigit(static_cast<unsigned char>(*at))) {
      char *end = nullptr;
      const unsigned long count = std::strtoul(at, &end, 0);  // as hwloc reads it
      if (count > most_harts || (product *= count) > most_harts) return most_harts + 1UL;
      before = '0';
      at = end;
      continue;
    }
    before = *at++;
  }
  return product;
}

}  // namespace lithe::core
