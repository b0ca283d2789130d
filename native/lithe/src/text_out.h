// Text to a file descriptor, without stdio: no lock, no allocation.
#pragma once

#include <cstddef>

namespace lithe::core {

class TextOut {
 public:
  explicit TextOut(int fd) : fd_(fd) {}
  ~TextOut() { flush(); }
  TextOut(const TextOut &) = delete;
  TextOut &operator=(const TextOut &) = delete;

  // At most 511 characters at a time; what is longer is cut.
  __attribute__((format(printf, 2, 3))) void print(const char *format, ...);
  void put(const char *text, size_t length);
  void put(char letter) { put(&letter, 1); }
  // Writes what is there; false when the descriptor has not taken all there was so far.
  bool flush();

 private:
  bool write_all(const char *text, size_t length);

  int fd_;
  bool has_failed_ = false;
  size_t used_ = 0;
  char buffer_[4096];
};

}  // namespace lithe::core
