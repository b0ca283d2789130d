/* Small helpers over the C interface of Node-API. The addon uses no C++ wrapper: after any status but napi_ok (a worker
 * that is being terminated, a pending exception) nothing more may be called, and a thrown C++ object would try to. */
#ifndef HARTS_ADDON_NAPI_UTIL_H
#define HARTS_ADDON_NAPI_UTIL_H

#include <node_api.h>

#include <cstddef>
#include <new>
#include <string>

#include "addon/job_plan.h"

namespace harts::addon {

/* Throws an Error with `code` and `message` in JS and returns nullptr, for `return throw_error(...)`. */
napi_value throw_error(napi_env env, const char *code, const std::string &message);
/* The same with ERR_HARTS_NATIVE_ARGUMENT: the TypeScript layer checks first, so users do not see this one. */
napi_value throw_argument(napi_env env, const char *what);

/* `function`, but with a JS error for std::bad_alloc: no C++ exception may pass through Node. */
template <napi_callback function>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return function(env, info);
  } catch (const std::bad_alloc &) {
    napi_throw_error(env, "ERR_HARTS_MEMORY", "Memory is exhausted.");
    return nullptr;
  }
}

/* Reads exactly `count` arguments; false, with an exception pending, when there are fewer. */
bool get_arguments(napi_env env, napi_callback_info info, std::size_t count, napi_value *out);
bool get_string(napi_env env, napi_value value, std::string *out);
/* False unless `value` is a typed array over memory that still exists. */
bool get_array(napi_env env, napi_value value, napi_typedarray_type *type, ArrayView *out);

bool set_number(napi_env env, napi_value object, const char *name, double value);
bool set_boolean(napi_env env, napi_value object, const char *name, bool value);
bool set_function(napi_env env, napi_value object, const char *name, napi_callback function);

}  // namespace harts::addon

#endif
