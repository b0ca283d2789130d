#include "schedulers/openmp/env_text.hpp"

#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <strings.h>

#include "schedulers/openmp/team.hpp"

namespace harts::omp {

const char *skip_space(const char *text) {
  while (isspace(static_cast<unsigned char>(*text))) ++text;
  return text;
}

bool at_end(const char *text) { return *skip_space(text) == '\0'; }

const char *value_of(const char *name) {
  const char *value = getenv(name);
  return value != nullptr && !at_end(value) ? value : nullptr;
}

void refuse(const char *name, const char *expected, const char *instead) {
  warn("%s=\"%s\" is not %s; using %s.", name, getenv(name), expected, instead);
}

bool read_mark(const char **text, char mark) {
  const char *from = skip_space(*text);
  if (*from != mark) return false;
  *text = skip_space(from + 1);
  return true;
}

bool read_word(const char **text, const char *word) {
  const char *from = skip_space(*text);
  const size_t length = strlen(word);
  if (strncasecmp(from, word, length) != 0 || isalnum(static_cast<unsigned char>(from[length]))) return false;
  *text = skip_space(from + length);
  return true;
}

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

}  // namespace harts::omp
