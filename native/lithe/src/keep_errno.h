// The public calls neither set nor read errno (lithe/error.h); what they call does.
#pragma once

#include <cerrno>

namespace lithe::core {

// errno is after the scope what it was before. For code that stays on its own thread and stack.
class KeepErrno {
 public:
  KeepErrno() : before_(errno) {}
  ~KeepErrno() { errno = before_; }
  KeepErrno(const KeepErrno &) = delete;
  KeepErrno &operator=(const KeepErrno &) = delete;

 private:
  const int before_;
};

}  // namespace lithe::core
