// lithe_switch is not exported from liblithe, so bench programs have a copy of the assembly, and of what that refers to.
#include "switch.h"

uint8_t lithe_has_fsgsbase = 0;
