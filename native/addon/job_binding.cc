#include <memory>
#include <new>
#include <string>
#include <vector>

#include "addon/bindings.h"
#include "addon/env_state.h"
#include "addon/library.h"
#include "addon/napi_util.h"
#include "addon/sampler.h"
#include "lithe/lithe.h"

namespace harts::addon {
namespace {

bool member(napi_env env, napi_value object, const char *name, napi_value *out) {
  return napi_get_named_property(env, object, name, out) == napi_ok;
}

// Reads a plan {code: Int32Array, numbers: Float64Array, entries, arrays} as src/jobs/lower.ts makes it. False with an
// exception pending.
bool read_plan(napi_env env, napi_value plan, Node *out) {
  napi_value code_value, numbers_value, entries_value, arrays_value, element;
  napi_typedarray_type type;
  ArrayView code, numbers;
  std::uint32_t entry_count, array_count;
  const auto refuse = [env](const char *what) {
    throw_argument(env, what);
    return false;
  };
  if (!member(env, plan, "code", &code_value) || !member(env, plan, "numbers", &numbers_value) ||
      !member(env, plan, "entries", &entries_value) || !member(env, plan, "arrays", &arrays_value))
    return refuse("something that is no plan");
  if (!get_array(env, code_value, &type, &code) || type != napi_int32_array) return refuse("a plan without code");
  if (!get_array(env, numbers_value, &type, &numbers) || type != napi_float64_array)
    return refuse("a plan without numbers");
  if (napi_get_array_length(env, entries_value, &entry_count) != napi_ok ||
      napi_get_array_length(env, arrays_value, &array_count) != napi_ok)
    return refuse("a plan without entries or arrays");
  std::vector<Entry> entries(entry_count);
  for (std::uint32_t i = 0; i < entry_count; ++i) {
    void *external;
    if (napi_get_element(env, entries_value, i, &element) != napi_ok ||
        napi_get_value_external(env, element, &external) != napi_ok || !is_entry(external))
      return refuse("a plan whose entries are no entries");
    entries[i] = *static_cast<const Entry *>(external);
  }
  std::vector<ArrayView> arrays(array_count);
  for (std::uint32_t i = 0; i < array_count; ++i) {
    if (napi_get_element(env, arrays_value, i, &element) != napi_ok || !get_array(env, element, &type, &arrays[i]))
      return refuse("a plan with an array that is no typed array or is detached");
  }
  const PlanInput input{static_cast<const std::int32_t *>(code.data),
                        static_cast<std::size_t>(code.length),
                        static_cast<const double *>(numbers.data),
                        static_cast<std::size_t>(numbers.length),
                        entries.data(),
                        entries.size(),
                        arrays.data(),
                        arrays.size()};
  std::string problem;
  if (decode_plan(input, out, &problem)) return true;
  throw_error(env, "ERR_HARTS_NATIVE_ARGUMENT", problem);
  return false;
}

bool get_job(napi_env env, napi_callback_info info, RunningJob **out) {
  napi_value argument;
  std::uint32_t id;
  if (!get_arguments(env, info, 1, &argument)) return false;
  if (napi_get_value_uint32(env, argument, &id) != napi_ok) {
    throw_argument(env, "a job id that is no number");
    return false;
  }
  const EnvState *const state = EnvState::of(env);
  *out = state != nullptr ? state->find(id) : nullptr;
  return true;
}

}  // namespace

napi_value bind_run_plan(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  Node plan;
  EnvState *const state = EnvState::of(env);
  if (state == nullptr || !get_arguments(env, info, 2, arguments) || !read_plan(env, arguments[0], &plan))
    return nullptr;
  const auto job = std::make_shared<RunningJob>(std::move(plan));
  // The plan object holds the typed arrays, and they their memory.
  if (napi_create_reference(env, arguments[0], 1, &job->keep) != napi_ok) return nullptr;
  if (napi_create_reference(env, arguments[1], 1, &job->done) != napi_ok) {
    napi_delete_reference(env, job->keep);
    return throw_argument(env, "a callback that is no function");
  }
  if (const int code = state->start(job); code < 0) {
    napi_delete_reference(env, job->keep);
    napi_delete_reference(env, job->done);
    return throw_error(env, "ERR_HARTS_JOB_START", lithe_strerror(code));
  }
  return napi_create_uint32(env, job->id, &result) == napi_ok ? result : nullptr;
}

// The JS thread is a guest for the time of the job: it takes part, and no other JS runs meanwhile.
napi_value bind_run_plan_sync(napi_env env, napi_callback_info info) {
  napi_value argument;
  Node plan;
  if (!get_arguments(env, info, 1, &argument) || !read_plan(env, argument, &plan)) return nullptr;
  Job job(std::move(plan));
  Sampler::instance().job_started();
  job.run();
  Sampler::instance().job_ended();
  return job_result(env, job);
}

napi_value bind_abort_job(napi_env env, napi_callback_info info) {
  RunningJob *job;
  if (get_job(env, info, &job) && job != nullptr) job->job.abort();
  return nullptr;
}

napi_value bind_job_iterations(napi_env env, napi_callback_info info) {
  RunningJob *job;
  napi_value result;
  if (!get_job(env, info, &job)) return nullptr;
  const double iterations = job != nullptr ? static_cast<double>(job->job.iterations()) : 0;
  return napi_create_double(env, iterations, &result) == napi_ok ? result : nullptr;
}

}  // namespace harts::addon
