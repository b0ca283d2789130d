/* What the addon keeps for one Node environment (the main thread, or one worker). */
#ifndef HARTS_ADDON_ENV_STATE_H
#define HARTS_ADDON_ENV_STATE_H

#include <node_api.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "addon/job.h"

namespace harts::addon {

class EnvState;

/* A job on its way through the runtime. Shared by the environment that started it and the context that runs it.
 *
 * Lifetime rules, each of which would be a crash at the end of a worker:
 *  - the arrays stay alive through `keep` until the context has finished; `keep` and `done` are released on the JS
 *    thread only, never by the destructor, which may run on a context;
 *  - the context touches the environment's threadsafe function before it says `finished`, and nothing of it after;
 *  - the cleanup hook of the environment waits for `finished` before the heap with the arrays goes away. */
struct RunningJob {
  explicit RunningJob(Node plan) : job(std::move(plan)) {}

  Job job;
  std::uint32_t id = 0;
  napi_ref keep = nullptr;
  napi_ref done = nullptr;
  EnvState *env = nullptr;

  std::mutex lock;
  std::condition_variable ended;
  bool finished = false;
};

/* Callable from: the thread of its environment, except deliver. */
class EnvState {
 public:
  /* Makes the state of `env`; nullptr with an exception pending. */
  static EnvState *create(napi_env env);
  static EnvState *of(napi_env env);

  /* Hands `job` to a new context. 0 or LITHE_E*; then nothing was started. */
  int start(std::shared_ptr<RunningJob> job);
  /* The job of that id, nullptr when it has ended. */
  RunningJob *find(std::uint32_t id) const;

 private:
  explicit EnvState(napi_env env) : env_(env) {}
  static void context_main(void *arg);
  static void call_js(napi_env env, napi_value, void *, void *data);
  static void close(void *data);
  void settle(RunningJob &job);

  napi_env env_;
  napi_threadsafe_function wake_ = nullptr;
  std::uint32_t next_id_ = 1;
  std::unordered_map<std::uint32_t, std::shared_ptr<RunningJob>> jobs_;
};

/* The result object that JS gets: {outcome: 0 done | 1 aborted | 2 failed, iterations, problem?}; nullptr on failure.
 */
napi_value job_result(napi_env env, const Job &job);

}  // namespace harts::addon

#endif
