/* Reading the values of environment variables: numbers, words, sizes. Every reader takes the text by address and moves it
 * behind what it has read and the blanks that follow; it leaves the text alone when it returns false. */
#ifndef HARTS_OPENMP_ENV_TEXT_HPP
#define HARTS_OPENMP_ENV_TEXT_HPP

#include <cstddef>

namespace harts::omp {

const char *skip_space(const char *text);

/* Whether nothing but blanks is left. */
bool at_end(const char *text);

/* The value of an environment variable, NULL when it is not set or empty. */
const char *value_of(const char *name);

/* Says in one line that the variable's value is not what is expected, and what is used in its place. */
void refuse(const char *name, const char *expected, const char *instead);

/* One character, such as a comma. */
bool read_mark(const char **text, char mark);

/* A whole word, in either case. */
bool read_word(const char **text, const char *word);

/* A number without a sign in [low, high]. */
bool read_number(const char **text, unsigned long low, unsigned long high, unsigned long *out);

/* A size in bytes: a number with B, K, M or G behind it; K when there is none. Nothing may follow. */
bool read_size(const char *text, size_t *out);

/* 1 or 0 for true or false, -1 when it is neither. */
int truth(const char *text);

}  // namespace harts::omp

#endif
