// Saving and loading the registers and the thread pointer of a context; one assembly file per architecture.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// Saves the callee-saved registers and the floating-point control words on the current stack, stores the stack pointer
// to *save_sp, loads `sp` and, unless it is null, the thread pointer `tp`, and returns on the other stack, into whoever
// saved itself there. After the store to *save_sp the old stack may be resumed by another kernel thread.
void lithe_switch(void **save_sp, void *sp, void *tp);

// Saves as lithe_switch does, moves to `parking_stack` (its highest address, 16-aligned), stores 1 to *parked with
// release order, and sleeps on *word without touching any TLS until *word is nonzero. Then loads *save_sp again, which
// by then may be another point of the same stack, and returns there. Runs with all signals blocked.
void lithe_park(void **save_sp, void *parking_stack, uint32_t *parked, uint32_t *word);

// The first stack pointer for lithe_switch of a stack that shall start in entry(arg); `entry` must not return.
void *lithe_switch_prepare(void *stack_top, void (*entry)(void *), void *arg);

// Gives the caller's floating-point control (rounding, masks; not the sticky flags) to the context suspended at `sp`.
void lithe_switch_inherit_float(void *sp);

// The thread pointer of the calling kernel thread.
void *lithe_thread_pointer(void);

// To be called before the first lithe_switch with getauxval(AT_HWCAP2), from which the architecture learns whether user
// space may write the thread pointer register: then nonzero is returned. Otherwise lithe_switch asks the kernel to.
int lithe_switch_init(unsigned long hwcap2);
}
