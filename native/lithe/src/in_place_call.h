// System calls that must return where they were made: they change the stack, the thread pointer or the process. They can
// neither be made on another kernel thread nor from within a signal's handler.
#pragma once

namespace lithe::core {

bool must_be_made_in_place(long number);

}  // namespace lithe::core
