#include <node_api.h>

#include <string>

#include "addon/bindings.h"
#include "addon/env_state.h"
#include "addon/library.h"
#include "addon/napi_util.h"

// Once for each environment that loads the addon. What belongs to the environment hangs on its instance data; the
// runtime itself belongs to the process and is never torn down.
NAPI_MODULE_INIT() {
  using namespace harts::addon;
  std::string problem;
  if (!load_companions(&problem)) return throw_error(env, "ERR_HARTS_LOAD", problem);
  if (EnvState::create(env) == nullptr)
    return throw_error(env, "ERR_HARTS_LOAD", "Node refused a threadsafe function.");
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"loadEntry", guarded<bind_load_entry>},
      {"callEntry", guarded<bind_call_entry>},
      {"runPlan", guarded<bind_run_plan>},
      {"runPlanSync", guarded<bind_run_plan_sync>},
      {"abortJob", guarded<bind_abort_job>},
      {"jobIterations", guarded<bind_job_iterations>},
      {"topology", guarded<bind_topology>},
      {"stats", guarded<bind_stats>},
      {"foreignOpenmp", guarded<bind_foreign_openmp>},
      {"setHarts", guarded<bind_set_harts>},
      {"hartLimit", guarded<bind_hart_limit>},
      {"setPreemption", guarded<bind_set_preemption>},
      {"traceStart", guarded<bind_trace_start>},
      {"traceStop", guarded<bind_trace_stop>},
      {"traceWrite", guarded<bind_trace_write>},
      {"traceText", guarded<bind_trace_text>},
  };
  for (const auto &entry : functions)
    if (!set_function(env, exports, entry.name, entry.function)) return nullptr;
  return exports;
}
