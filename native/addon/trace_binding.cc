#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "addon/bindings.h"
#include "addon/napi_util.h"
#include "lithe/lithe.h"

namespace harts::addon {
namespace {

// The code says which sentence src/runtime/trace.ts adds.
napi_value throw_trace_error(napi_env env, int code) {
  const char *const name = code == LITHE_EBUSY    ? "ERR_HARTS_TRACE_RUNNING"
                           : code == LITHE_EINVAL ? "ERR_HARTS_TRACE_NONE"
                           : code == LITHE_EIO    ? "ERR_HARTS_TRACE_WRITE"
                                                  : "ERR_HARTS_TRACE_FAILED";
  return throw_error(env, name, lithe_strerror(code));
}

// What `fd` holds from its beginning; false when it cannot be read.
bool read_back(int fd, std::string *out) {
  const off_t length = lseek(fd, 0, SEEK_END);
  if (length < 0) return false;
  out->resize(static_cast<std::size_t>(length));
  for (std::size_t done = 0; done < out->size();) {
    const ssize_t piece = pread(fd, out->data() + done, out->size() - done, static_cast<off_t>(done));
    if (piece <= 0) return false;
    done += static_cast<std::size_t>(piece);
  }
  return true;
}

}  // namespace

napi_value bind_trace_start(napi_env env, napi_callback_info info) {
  napi_value argument;
  std::uint32_t events;
  if (!get_arguments(env, info, 1, &argument)) return nullptr;
  if (napi_get_value_uint32(env, argument, &events) != napi_ok)
    return throw_argument(env, "a number of events that is no number");
  if (const int code = lithe_trace_start(events); code != 0) return throw_trace_error(env, code);
  return nullptr;
}

napi_value bind_trace_stop(napi_env, napi_callback_info) {
  lithe_trace_stop();
  return nullptr;
}

napi_value bind_trace_write(napi_env env, napi_callback_info info) {
  napi_value argument;
  std::int32_t fd;
  if (!get_arguments(env, info, 1, &argument)) return nullptr;
  if (napi_get_value_int32(env, argument, &fd) != napi_ok)
    return throw_argument(env, "a file descriptor that is no number");
  if (const int code = lithe_trace_write(fd); code != 0) return throw_trace_error(env, code);
  // What was in the file before may have been longer. A pipe or a terminal has no length.
  const off_t end = lseek(fd, 0, SEEK_CUR);
  if (end >= 0 && ftruncate(fd, end) != 0 && errno != EINVAL) return throw_trace_error(env, LITHE_EIO);
  return nullptr;
}

napi_value bind_trace_text(napi_env env, napi_callback_info) {
  const int fd = memfd_create("harts-trace", MFD_CLOEXEC);
  if (fd < 0) return throw_trace_error(env, LITHE_ENOMEM);
  std::string text;
  int code = lithe_trace_write(fd);
  if (code == 0 && !read_back(fd, &text)) code = LITHE_EIO;
  close(fd);
  if (code != 0) return throw_trace_error(env, code);
  napi_value result;
  // A string has a greatest length; V8 refuses what is longer.
  if (napi_create_string_utf8(env, text.data(), text.size(), &result) != napi_ok) {
    bool is_pending = false;
    if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending) return nullptr;
    return throw_trace_error(env, LITHE_ENOMEM);
  }
  return result;
}

}  // namespace harts::addon
