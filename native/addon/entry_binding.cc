#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "addon/bindings.h"
#include "addon/library.h"
#include "addon/napi_util.h"

namespace harts::addon {

napi_value bind_load_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  std::string path, symbol, problem;
  if (!get_arguments(env, info, 2, arguments)) return nullptr;
  if (!get_string(env, arguments[0], &path) || !get_string(env, arguments[1], &symbol))
    return throw_argument(env, "a path or a symbol that is no string");
  const Entry *const entry = load_entry(path, symbol, &problem);
  if (entry == nullptr) return throw_error(env, "ERR_HARTS_LOAD", problem);
  if (napi_create_external(env, const_cast<Entry *>(entry), nullptr, nullptr, &result) != napi_ok) return nullptr;
  return result;
}

// The direct way into a compiled kernel, on the calling JS thread. It is on the path of every call of a kernel from
// JS, so small argument lists stay on the stack.
napi_value bind_call_entry(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  void *external;
  std::uint32_t array_count, scalar_count;
  if (!get_arguments(env, info, 3, arguments)) return nullptr;
  if (napi_get_value_external(env, arguments[0], &external) != napi_ok || !is_entry(external))
    return throw_argument(env, "something that is no entry");
  if (napi_get_array_length(env, arguments[1], &array_count) != napi_ok ||
      napi_get_array_length(env, arguments[2], &scalar_count) != napi_ok)
    return throw_argument(env, "arrays or scalars that are no array");

  std::array<ArrayView, 16> few_arrays;
  std::array<double, 16> few_scalars;
  std::vector<ArrayView> many_arrays(array_count > few_arrays.size() ? array_count : 0);
  std::vector<double> many_scalars(scalar_count > few_scalars.size() ? scalar_count : 0);
  ArrayView *const arrays = many_arrays.empty() ? few_arrays.data() : many_arrays.data();
  double *const scalars = many_scalars.empty() ? few_scalars.data() : many_scalars.data();
  napi_value element;
  for (std::uint32_t i = 0; i < array_count; ++i) {
    napi_typedarray_type type;
    if (napi_get_element(env, arguments[1], i, &element) != napi_ok) return nullptr;
    if (!get_array(env, element, &type, &arrays[i]))
      return throw_argument(env, "an array argument that is no typed array or is detached");
  }
  for (std::uint32_t i = 0; i < scalar_count; ++i) {
    if (napi_get_element(env, arguments[2], i, &element) != napi_ok) return nullptr;
    if (napi_get_value_double(env, element, &scalars[i]) != napi_ok)
      return throw_argument(env, "a scalar argument that is no number");
  }
  const double value = (*static_cast<const Entry *>(external))(arrays, scalars);
  return napi_create_double(env, value, &result) == napi_ok ? result : nullptr;
}

}  // namespace harts::addon
