// Context switch for AArch64 (AAPCS64, Linux). See switch.h for what each function promises.
//
// The frame that a suspended stack holds, from low to high addresses:
//   x29 x30 | x19 ... x28 | d8 ... d15 | fpcr fpsr
// Both stacks have the same frame at the moment of the switch, so one set of CFI directives describes either, and a
// debugger or an exception can walk out of a suspended context.
//
// Of vector registers the procedure call standard keeps the low halves of v8 to v15 across a call and nothing of SVE's
// own state; of SME nothing is kept here: code that suspends must have ZA off.
//
// User space may always write the thread pointer, so there is no other way for older machines.

#define SYS_futex 98
#define FUTEX_WAIT_PRIVATE 128

#define FRAME_SIZE 176
#define FRAME_FLOAT 160  // fpcr, then fpsr

  .text

// Where a call may arrive through a pointer or a PLT entry: `bti c`, which processors without BTI take for a nop.
.macro landing_pad
  hint #34
.endm

.macro save_pair first, second, offset
  stp \first, \second, [sp, #\offset]
  .cfi_rel_offset \first, \offset
  .cfi_rel_offset \second, \offset + 8
.endm

.macro restore_pair first, second, offset
  ldp \first, \second, [sp, #\offset]
  .cfi_restore \first
  .cfi_restore \second
.endm

// Leaves the floating-point control in x9 and its status in x10.
.macro save_registers
  sub sp, sp, #FRAME_SIZE
  .cfi_adjust_cfa_offset FRAME_SIZE
  save_pair x29, x30, 0
  save_pair x19, x20, 16
  save_pair x21, x22, 32
  save_pair x23, x24, 48
  save_pair x25, x26, 64
  save_pair x27, x28, 80
  save_pair d8, d9, 96
  save_pair d10, d11, 112
  save_pair d12, d13, 128
  save_pair d14, d15, 144
  mrs x9, fpcr
  mrs x10, fpsr
  stp x9, x10, [sp, #FRAME_FLOAT]
.endm

// Expects in x9 and x10 what the processor has: both registers are written only where the side that arrives has others,
// because writing them waits for all floating-point work before.
.macro restore_registers
  ldp x11, x12, [sp, #FRAME_FLOAT]
  cmp x11, x9
  b.eq 8f
  msr fpcr, x11
8:
  cmp x12, x10
  b.eq 9f
  msr fpsr, x12
9:
  restore_pair d14, d15, 144
  restore_pair d12, d13, 128
  restore_pair d10, d11, 112
  restore_pair d8, d9, 96
  restore_pair x27, x28, 80
  restore_pair x25, x26, 64
  restore_pair x23, x24, 48
  restore_pair x21, x22, 32
  restore_pair x19, x20, 16
  restore_pair x29, x30, 0
  add sp, sp, #FRAME_SIZE
  .cfi_adjust_cfa_offset -FRAME_SIZE
.endm

// The stores here are plain: what lets another hart resume the old stack is a release store that the code which runs
// next makes on this kernel thread (Carrier::arrive), and the other hart's acquire load comes before its own call.
  .globl lithe_switch
  .hidden lithe_switch
  .type lithe_switch, %function
  .p2align 4
lithe_switch:
  .cfi_startproc
  landing_pad
  save_registers
  mov x11, sp
  str x11, [x0]
  mov sp, x1
  cbz x2, 1f
  msr tpidr_el0, x2
1:
  restore_registers
  ret
  .cfi_endproc
  .size lithe_switch, . - lithe_switch

  .globl lithe_park
  .hidden lithe_park
  .type lithe_park, %function
  .p2align 4
lithe_park:
  .cfi_startproc
  landing_pad
  save_registers
  mov x11, sp
  str x11, [x0]
  mov x19, x0
  mov x20, x3
  mov sp, x1
  // While the thread sleeps there is nothing to walk into: its stack may be running elsewhere.
  .cfi_remember_state
  .cfi_undefined x30
  mov x29, #0
  mov w11, #1
  stlr w11, [x2]             // from here on the stack that we left may run elsewhere
1:
  ldar w11, [x20]            // acquire: the frame that *save_sp leads to was written before the word
  cbnz w11, 2f
  mov x0, x20
  mov x1, #FUTEX_WAIT_PRIVATE
  mov x2, #0
  mov x3, #0
  mov x8, #SYS_futex
  svc #0
  b 1b
2:
  ldr x11, [x19]
  mov sp, x11
  .cfi_restore_state
  mrs x9, fpcr
  mrs x10, fpsr
  restore_registers
  ret
  .cfi_endproc
  .size lithe_park, . - lithe_park

// Where a prepared stack starts: x19 = entry, x20 = arg, x29 = 0, the end of the chain of frames (all set by
// lithe_switch_prepare). Reached by a return, which needs no landing pad.
  .type lithe_switch_start, %function
  .p2align 4
lithe_switch_start:
  .cfi_startproc
  .cfi_undefined x30
  mov x0, x20
  blr x19
  udf #0
  .cfi_endproc
  .size lithe_switch_start, . - lithe_switch_start

// void *lithe_switch_prepare(void *stack_top, void (*entry)(void *), void *arg)
  .globl lithe_switch_prepare
  .hidden lithe_switch_prepare
  .type lithe_switch_prepare, %function
  .p2align 4
lithe_switch_prepare:
  .cfi_startproc
  landing_pad
  and x0, x0, #-16
  sub x0, x0, #FRAME_SIZE    // a multiple of 16: after the frame is popped the stack is aligned as a call wants it
  adr x9, lithe_switch_start
  stp xzr, x9, [x0]          // x29, x30
  stp x1, x2, [x0, #16]      // x19 = entry, x20 = arg
  stp xzr, xzr, [x0, #32]
  stp xzr, xzr, [x0, #48]
  stp xzr, xzr, [x0, #64]
  stp xzr, xzr, [x0, #80]
  stp xzr, xzr, [x0, #96]
  stp xzr, xzr, [x0, #112]
  stp xzr, xzr, [x0, #128]
  stp xzr, xzr, [x0, #144]
  mrs x9, fpcr
  stp x9, xzr, [x0, #FRAME_FLOAT]
  ret
  .cfi_endproc
  .size lithe_switch_prepare, . - lithe_switch_prepare

  .globl lithe_switch_inherit_float
  .hidden lithe_switch_inherit_float
  .type lithe_switch_inherit_float, %function
  .p2align 4
lithe_switch_inherit_float:
  .cfi_startproc
  landing_pad
  mrs x9, fpcr
  stp x9, xzr, [x0, #FRAME_FLOAT]  // the sticky flags are in fpsr
  ret
  .cfi_endproc
  .size lithe_switch_inherit_float, . - lithe_switch_inherit_float

  .globl lithe_thread_pointer
  .hidden lithe_thread_pointer
  .type lithe_thread_pointer, %function
  .p2align 4
lithe_thread_pointer:
  .cfi_startproc
  landing_pad
  mrs x0, tpidr_el0
  ret
  .cfi_endproc
  .size lithe_thread_pointer, . - lithe_thread_pointer

  .globl lithe_switch_init
  .hidden lithe_switch_init
  .type lithe_switch_init, %function
  .p2align 4
lithe_switch_init:
  .cfi_startproc
  landing_pad
  mov w0, #1
  ret
  .cfi_endproc
  .size lithe_switch_init, . - lithe_switch_init

// Every function above begins with a landing pad, so a library made with -mbranch-protection keeps its BTI mark. The
// mark for pointer authentication is left out: the return addresses in the frames are not signed.
  .section .note.gnu.property, "a"
  .p2align 3
  .word 4                    // length of the name
  .word 16                   // length of the description
  .word 5                    // NT_GNU_PROPERTY_TYPE_0
  .asciz "GNU"
  .word 0xc0000000           // GNU_PROPERTY_AARCH64_FEATURE_1_AND
  .word 4
  .word 1                    // GNU_PROPERTY_AARCH64_FEATURE_1_BTI
  .word 0

  .section .note.GNU-stack, "", %progbits
