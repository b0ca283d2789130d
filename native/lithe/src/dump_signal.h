// A dump when a signal arrives: HARTS_DUMP_SIGNAL, and lithe_dump_on_signal (lithe/stats.h).
#pragma once

namespace lithe::core {

// Reads HARTS_DUMP_SIGNAL, when a runtime has just been made.
void dump_signal_follow_environment();

}  // namespace lithe::core
