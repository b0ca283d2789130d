/* The functions that the addon exports, one per line of NativeBinding in src/native/binding.ts. */
#ifndef HARTS_ADDON_BINDINGS_H
#define HARTS_ADDON_BINDINGS_H

#include <node_api.h>

namespace harts::addon {

/* entry_binding.cc */
napi_value bind_load_entry(napi_env env, napi_callback_info info); /* (path, symbol) => entry */
napi_value bind_call_entry(napi_env env, napi_callback_info info); /* (entry, arrays, scalars) => number */
/* job_binding.cc */
napi_value bind_run_plan(napi_env env, napi_callback_info info);       /* (plan, done) => id */
napi_value bind_run_plan_sync(napi_env env, napi_callback_info info);  /* (plan) => result */
napi_value bind_abort_job(napi_env env, napi_callback_info info);      /* (id) => void */
napi_value bind_job_iterations(napi_env env, napi_callback_info info); /* (id) => number */
/* machine_binding.cc */
napi_value bind_topology(napi_env env, napi_callback_info info);    /* () => topology */
napi_value bind_stats(napi_env env, napi_callback_info info);       /* () => stats */
napi_value bind_limit_harts(napi_env env, napi_callback_info info); /* (harts) => boolean */

/* trace_binding.cc */
napi_value bind_trace_start(napi_env env, napi_callback_info info); /* (eventsPerHart) => void */
napi_value bind_trace_stop(napi_env env, napi_callback_info info);  /* () => void */
napi_value bind_trace_write(napi_env env, napi_callback_info info); /* (file descriptor) => void */
napi_value bind_trace_text(napi_env env, napi_callback_info info);  /* () => string */

/* Says that the runtime may have started, so that limit_harts comes too late from now on. */
void note_runtime_use();

}  // namespace harts::addon

#endif
