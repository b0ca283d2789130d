#include "addon/env_state.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <new>
#include <utility>

#include "addon/napi_util.h"
#include "addon/sampler.h"
#include "lithe/lithe.h"

namespace harts::addon {
namespace {
// How long the end of an environment waits for its jobs. They were told to stop, and do so between two calls of
// kernels; a kernel that runs longer than this is taken to run for ever.
constexpr std::chrono::seconds kPatience{30};
}  // namespace

EnvState *EnvState::of(napi_env env) {
  void *data = nullptr;
  return napi_get_instance_data(env, &data) == napi_ok ? static_cast<EnvState *>(data) : nullptr;
}

EnvState *EnvState::create(napi_env env) {
  EnvState *const state = new EnvState(env);
  napi_value name;
  if (napi_set_instance_data(
          env, state, [](napi_env, void *data, void *) { delete static_cast<EnvState *>(data); }, nullptr) != napi_ok) {
    delete state;
    return nullptr;
  }
  // The queue is unbounded: a bounded one can lose wake-ups of its producers. Not referenced while no job runs, so
  // that it does not keep the process alive. Its own cleanup hook is older than ours and so runs later.
  if (napi_create_string_utf8(env, "harts", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, call_js,
                                      &state->wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, state->wake_) != napi_ok ||
      napi_add_env_cleanup_hook(env, close, state) != napi_ok)
    return nullptr;
  return state;
}

RunningJob *EnvState::find(std::uint32_t id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second.get();
}

int EnvState::start(std::shared_ptr<RunningJob> job) {
  job->env = this;
  job->id = next_id_++;
  std::unique_ptr<std::shared_ptr<RunningJob>> handle;
  try {
    handle = std::make_unique<std::shared_ptr<RunningJob>>(job);
    jobs_.emplace(job->id, job);
  } catch (const std::bad_alloc &) {
    return LITHE_ENOMEM;
  }
  Sampler::instance().job_started();
  lithe_context_t *context;
  int code = lithe_context_create(&context, nullptr, nullptr, context_main, handle.get());
  if (code == 0 && (code = lithe_context_unblock(context)) != 0) lithe_context_destroy(context);
  if (code != 0) {
    Sampler::instance().job_ended();
    jobs_.erase(job->id);
    return code;
  }
  (void)handle.release();  // the context's; the job may have ended by now, but is settled on this thread only
  if (jobs_.size() == 1) napi_ref_threadsafe_function(env_, wake_);
  return 0;
}

// Runs as a context of the root scheduler.
void EnvState::context_main(void *arg) {
  auto *const handle = static_cast<std::shared_ptr<RunningJob> *>(arg);
  std::shared_ptr<RunningJob> job = std::move(*handle);
  job->job.run();
  Sampler::instance().job_ended();
  *handle = job;
  // Refused only when the environment is closing: then nobody waits for the promise any more.
  if (napi_call_threadsafe_function(job->env->wake_, handle, napi_tsfn_nonblocking) != napi_ok) delete handle;
  const std::lock_guard hold(job->lock);
  job->finished = true;
  job->ended.notify_all();
}

// On the JS thread, once for each finished job; with a null `env` when the environment is gone.
void EnvState::call_js(napi_env env, napi_value, void *, void *data) {
  const std::unique_ptr<std::shared_ptr<RunningJob>> handle(static_cast<std::shared_ptr<RunningJob> *>(data));
  if (env == nullptr) return;
  RunningJob &job = **handle;
  job.env->settle(job);
}

void EnvState::settle(RunningJob &job) {
  jobs_.erase(job.id);
  if (jobs_.empty()) napi_unref_threadsafe_function(env_, wake_);
  napi_value done, global, result = job_result(env_, job.job);
  const bool callable = result != nullptr && napi_get_reference_value(env_, job.done, &done) == napi_ok &&
                        napi_get_global(env_, &global) == napi_ok;
  napi_delete_reference(env_, job.keep);
  napi_delete_reference(env_, job.done);
  if (callable) napi_call_function(env_, global, done, 1, &result, nullptr);
}

// The environment ends (a worker's end, its termination, the end of the process): stop the jobs, then wait for them,
// because the memory that they write to goes away when this returns.
void EnvState::close(void *data) {
  EnvState &state = *static_cast<EnvState *>(data);
  for (auto &[id, job] : state.jobs_) job->job.abort();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (auto &[id, job] : state.jobs_) {
    std::unique_lock hold(job->lock);
    if (job->ended.wait_until(hold, deadline, [&job = job] { return job->finished; })) continue;
    std::fprintf(stderr,
                 "harts: a kernel is still running %lld s after its environment ended, and its arrays cannot be freed "
                 "under it; ending the process. Make kernels shorter, or abort the job and wait for it first.\n",
                 static_cast<long long>(kPatience.count()));
    _exit(70);
  }
}

napi_value job_result(napi_env env, const Job &job) {
  napi_value result, text;
  if (napi_create_object(env, &result) != napi_ok ||
      !set_number(env, result, "outcome", static_cast<double>(job.outcome())) ||
      !set_number(env, result, "iterations", static_cast<double>(job.iterations())))
    return nullptr;
  if (job.problem() == 0) return result;
  if (napi_create_string_utf8(env, lithe_strerror(job.problem()), NAPI_AUTO_LENGTH, &text) != napi_ok ||
      napi_set_named_property(env, result, "problem", text) != napi_ok)
    return nullptr;
  return result;
}

}  // namespace harts::addon
