#include "addon/napi_util.h"

namespace harts::addon {

napi_value throw_error(napi_env env, const char *code, const std::string &message) {
  napi_throw_error(env, code, message.c_str());
  return nullptr;
}

napi_value throw_argument(napi_env env, const char *what) {
  return throw_error(env, "ERR_HARTS_NATIVE_ARGUMENT",
                     std::string("The native part of harts was called with ") + what + ".");
}

bool get_arguments(napi_env env, napi_callback_info info, std::size_t count, napi_value *out) {
  std::size_t given = count;
  if (napi_get_cb_info(env, info, &given, out, nullptr, nullptr) != napi_ok) return false;
  if (given >= count) return true;
  throw_argument(env, "too few arguments");
  return false;
}

bool get_string(napi_env env, napi_value value, std::string *out) {
  std::size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  out->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, out->data(), length + 1, &length) != napi_ok) return false;
  out->resize(length);
  return true;
}

bool get_array(napi_env env, napi_value value, napi_typedarray_type *type, ArrayView *out) {
  bool is_array;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return false;
  std::size_t length;
  napi_value buffer;
  if (napi_get_typedarray_info(env, value, type, &length, &out->data, &buffer, nullptr) != napi_ok) return false;
  out->length = static_cast<std::int64_t>(length);
  bool detached = false;
  // Not asked for a SharedArrayBuffer, which cannot be detached: some versions of Node refuse the question then.
  if (length == 0 && napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok) detached = false;
  return !detached;
}

bool set_number(napi_env env, napi_value object, const char *name, double value) {
  napi_value number;
  return napi_create_double(env, value, &number) == napi_ok &&
         napi_set_named_property(env, object, name, number) == napi_ok;
}

bool set_boolean(napi_env env, napi_value object, const char *name, bool value) {
  napi_value boolean;
  return napi_get_boolean(env, value, &boolean) == napi_ok &&
         napi_set_named_property(env, object, name, boolean) == napi_ok;
}

bool set_function(napi_env env, napi_value object, const char *name, napi_callback function) {
  napi_value value;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

}  // namespace harts::addon
