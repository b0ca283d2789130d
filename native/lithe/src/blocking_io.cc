// System calls that block, made without holding a hart. Each is first tried in a form that cannot block; what is left
// goes into a blocking section.
#include <cerrno>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "identity.h"
#include "lithe/blocking.h"

using namespace lithe::core;

namespace {

bool has_hart() {
  const Context *self = self_pointer;
  return self && self->carrier;
}

// The result of `call`, and its errno, from a blocking section. From a callback, where there can be none, directly.
template <class Call>
auto away(Call call) {
  const bool is_away = lithe_blocking_begin() == 0;
  const auto result = call();
  if (is_away) lithe_blocking_end();
  return result;
}

bool answers_at_once(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags < 0 || (flags & O_NONBLOCK) != 0;
}

// "Not without waiting": by the call itself, or by a file that does not know how to say so.
bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

}  // namespace

extern "C" {

ssize_t lithe_read(int fd, void *buffer, size_t size) {
  if (!has_hart()) return read(fd, buffer, size);
  const int before = errno;
  const iovec piece{buffer, size};
  const ssize_t done = preadv2(fd, &piece, 1, -1, RWF_NOWAIT);
  if (done >= 0 || !would_block(errno)) return done;
  errno = before;
  if (answers_at_once(fd)) return read(fd, buffer, size);
  return away([&] { return read(fd, buffer, size); });
}

ssize_t lithe_write(int fd, const void *buffer, size_t size) {
  if (!has_hart()) return write(fd, buffer, size);
  const int before = errno;
  const iovec piece{const_cast<void *>(buffer), size};
  const ssize_t done = pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);
  if (done < 0 && !would_block(errno)) return done;
  if (done == static_cast<ssize_t>(size)) return done;
  errno = before;
  if (answers_at_once(fd)) return done >= 0 ? done : write(fd, buffer, size);
  const size_t begun = done > 0 ? static_cast<size_t>(done) : 0;
  const ssize_t rest = away([&] { return write(fd, static_cast<const char *>(buffer) + begun, size - begun); });
  if (rest >= 0) return static_cast<ssize_t>(begun) + rest;
  return begun > 0 ? static_cast<ssize_t>(begun) : rest;  // the error comes again with the next call
}

ssize_t lithe_recv(int socket, void *buffer, size_t size, int flags) {
  if (!has_hart() || (flags & MSG_DONTWAIT)) return recv(socket, buffer, size, flags);
  // To wait for all of it, the kernel must do it in one call.
  if ((flags & MSG_WAITALL) == 0) {
    const int before = errno;
    const ssize_t done = recv(socket, buffer, size, flags | MSG_DONTWAIT);
    if (done >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || answers_at_once(socket)) return done;
    errno = before;
  }
  return away([&] { return recv(socket, buffer, size, flags); });
}

ssize_t lithe_send(int socket, const void *buffer, size_t size, int flags) {
  if (!has_hart() || (flags & MSG_DONTWAIT)) return send(socket, buffer, size, flags);
  const int before = errno;
  const ssize_t done = send(socket, buffer, size, flags | MSG_DONTWAIT);
  if (done == static_cast<ssize_t>(size) || answers_at_once(socket)) return done;
  if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return done;
  errno = before;
  const size_t begun = done > 0 ? static_cast<size_t>(done) : 0;
  const ssize_t rest =
      away([&] { return send(socket, static_cast<const char *>(buffer) + begun, size - begun, flags); });
  if (rest >= 0) return static_cast<ssize_t>(begun) + rest;
  return begun > 0 ? static_cast<ssize_t>(begun) : rest;
}

int lithe_accept(int socket, struct sockaddr *address, socklen_t *length, int flags) {
  // No form of accept promises not to block: a connection that is there may be somebody else's a moment later.
  if (!has_hart() || answers_at_once(socket)) return accept4(socket, address, length, flags);
  return away([&] { return accept4(socket, address, length, flags); });
}

int lithe_connect(int socket, const struct sockaddr *address, socklen_t length) {
  if (!has_hart() || answers_at_once(socket)) return connect(socket, address, length);
  return away([&] { return connect(socket, address, length); });
}

int lithe_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
  if (!has_hart() || timeout_ms == 0) return poll(fds, count, timeout_ms);
  const int ready = poll(fds, count, 0);
  if (ready != 0) return ready;
  return away([&] { return poll(fds, count, timeout_ms); });
}

}  // extern "C"
