// How many harts are in use, and for how long a context may keep one.
#include <cstdint>

#include "addon/bindings.h"
#include "addon/napi_util.h"
#include "lithe/lithe.h"

namespace harts::addon {

napi_value bind_set_harts(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  double harts;
  if (!get_arguments(env, info, 1, &argument)) return nullptr;
  if (napi_get_value_double(env, argument, &harts) != napi_ok) return throw_argument(env, "a limit that is no number");
  const int most = lithe_hart_count();
  if (most < 0) return throw_error(env, "ERR_HARTS_TOPOLOGY", topology_problem(most));
  if (!(harts >= 1)) return throw_argument(env, "a limit below 1");
  lithe_set_harts(harts < most ? static_cast<int>(harts) : most);
  return napi_get_undefined(env, &result) == napi_ok ? result : nullptr;
}

napi_value bind_hart_limit(napi_env env, napi_callback_info) {
  const int limit = lithe_hart_limit();
  if (limit < 0) return throw_error(env, "ERR_HARTS_TOPOLOGY", topology_problem(limit));
  napi_value result;
  return napi_create_int32(env, limit, &result) == napi_ok ? result : nullptr;
}

// Milliseconds, 0 for never. False when there is no monitor.
napi_value bind_set_preemption(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  double quantum;
  if (!get_arguments(env, info, 1, &argument)) return nullptr;
  if (napi_get_value_double(env, argument, &quantum) != napi_ok) {
    return throw_argument(env, "a quantum that is no number");
  }
  int code = 0;
  if (quantum == 0) {
    lithe_preemption_stop();
  } else {
    code = lithe_preemption_start(static_cast<std::uint64_t>(quantum * 1e6));
  }
  if (code == LITHE_EINVAL) return throw_argument(env, "a quantum that is too short or too long");
  if (code != 0 && code != LITHE_ENOTSUP) return throw_error(env, "ERR_HARTS_TOPOLOGY", topology_problem(code));
  return napi_get_boolean(env, code == 0, &result) == napi_ok ? result : nullptr;
}

}  // namespace harts::addon
