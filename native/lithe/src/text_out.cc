#include "text_out.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace lithe::core {
namespace {

// How long a reader of a full pipe may take for one piece. Descriptors that Node has opened do not block.
constexpr int patience_ms = 5000;

}  // namespace

void TextOut::print(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length <= 0) return;
  put(text, static_cast<size_t>(length) < sizeof text ? static_cast<size_t>(length) : sizeof text - 1);
}

void TextOut::put(const char *text, size_t length) {
  while (length > 0) {
    if (used_ == sizeof buffer_) flush();
    const size_t room = sizeof buffer_ - used_;
    const size_t piece = length < room ? length : room;
    std::memcpy(buffer_ + used_, text, piece);
    used_ += piece;
    text += piece;
    length -= piece;
  }
}

bool TextOut::flush() {
  if (!has_failed_ && !write_all(buffer_, used_)) has_failed_ = true;
  used_ = 0;
  return !has_failed_;
}

bool TextOut::write_all(const char *text, size_t length) {
  while (length > 0) {
    const ssize_t written = write(fd_, text, length);
    if (written > 0) {
      text += written;
      length -= static_cast<size_t>(written);
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    if (written == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
    pollfd writable{fd_, POLLOUT, 0};
    if (poll(&writable, 1, patience_ms) == 0) return false;
  }
  return true;
}

}  // namespace lithe::core
