// Context switch for x86-64 System V. See switch.h for what each function promises.
//
// The frame that a suspended stack holds, from low to high addresses:
//   mxcsr (4) x87 control word (4) | r15 r14 r13 r12 rbx rbp | return address
// Both stacks have the same frame at the moment of the switch, so one set of CFI directives describes either, and a
// debugger or an exception can walk out of a suspended context.

#define ARCH_SET_FS 0x1002
#define SYS_arch_prctl 158
#define SYS_futex 202
#define FUTEX_WAIT_PRIVATE 128

  .text

.macro save_general_registers
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
  pushq %rbx
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbx, 0
  pushq %r12
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r12, 0
  pushq %r13
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r13, 0
  pushq %r14
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r14, 0
  pushq %r15
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r15, 0
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
.endm

.macro save_registers
  save_general_registers
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
.endm

.macro restore_registers
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  popq %r15
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r15
  popq %r14
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r14
  popq %r13
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r13
  popq %r12
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r12
  popq %rbx
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbx
  popq %rbp
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbp
.endm

  .globl lithe_switch
  .hidden lithe_switch
  .type lithe_switch, @function
  .p2align 4
lithe_switch:
  .cfi_startproc
  save_general_registers
  movq %rsp, %rax
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  testq %rdx, %rdx
  jz 2f
  cmpb $0, lithe_has_fsgsbase(%rip)
  je 4f
  wrfsbase %rdx
2:
  // The control words go into the old frame only now: wrfsbase waits for all that comes before it, so before it their
  // latency would be paid in full. The frame is still ours, because nobody resumes the context before we say so.
  stmxcsr (%rax)
  fnstcw 4(%rax)
  movl (%rax), %ecx
  cmpl (%rsp), %ecx          // loaded only where the side that arrives has others: loads serialise, compares do not
  jne 5f
3:
  movzwl 4(%rax), %ecx
  cmpw 4(%rsp), %cx
  jne 6f
7:
  .cfi_remember_state
  restore_registers
  // A return, which uses up what the call put on the return-address predictor: it hits when both sides left in the same
  // place, and in any case the returns after it find their own addresses. A jump would shift all of them by one.
  ret
  .cfi_restore_state
4:
  movq %rax, %r9
  movl $SYS_arch_prctl, %eax
  movl $ARCH_SET_FS, %edi
  movq %rdx, %rsi
  syscall
  movq %r9, %rax
  jmp 2b
5:
  ldmxcsr (%rsp)
  jmp 3b
6:
  fldcw 4(%rsp)
  jmp 7b
  .cfi_endproc
  .size lithe_switch, . - lithe_switch

  .globl lithe_park
  .hidden lithe_park
  .type lithe_park, @function
  .p2align 4
lithe_park:
  .cfi_startproc
  save_registers
  movq %rsp, (%rdi)
  movq %rdi, %rbx
  movq %rcx, %r12
  movq %rsi, %rsp
  movl $1, (%rdx)            // from here on the stack that we left may run elsewhere
1:
  movl (%r12), %eax
  testl %eax, %eax
  jnz 2f
  movq %r12, %rdi
  movl $FUTEX_WAIT_PRIVATE, %esi
  xorl %edx, %edx
  xorl %r10d, %r10d
  movl $SYS_futex, %eax
  syscall
  jmp 1b
2:
  movq (%rbx), %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  restore_registers
  ret
  .cfi_endproc
  .size lithe_park, . - lithe_park

// Where a prepared stack starts: r12 = entry, r13 = arg (set by lithe_switch_prepare).
  .type lithe_switch_start, @function
  .p2align 4
lithe_switch_start:
  .cfi_startproc
  .cfi_undefined %rip
  movq %r13, %rdi
  call *%r12
  ud2
  .cfi_endproc
  .size lithe_switch_start, . - lithe_switch_start

// void *lithe_switch_prepare(void *stack_top, void (*entry)(void *), void *arg)
  .globl lithe_switch_prepare
  .hidden lithe_switch_prepare
  .type lithe_switch_prepare, @function
lithe_switch_prepare:
  .cfi_startproc
  andq $-16, %rdi
  leaq lithe_switch_start(%rip), %rcx
  leaq -80(%rdi), %rax       // frame of 64 bytes; after it is popped the stack pointer is 16-aligned, as a call wants
  stmxcsr (%rax)
  fnstcw 4(%rax)
  movq $0, 8(%rax)           // r15
  movq $0, 16(%rax)          // r14
  movq %rdx, 24(%rax)        // r13 = arg
  movq %rsi, 32(%rax)        // r12 = entry
  movq $0, 40(%rax)          // rbx
  movq $0, 48(%rax)          // rbp
  movq %rcx, 56(%rax)
  ret
  .cfi_endproc
  .size lithe_switch_prepare, . - lithe_switch_prepare

  .globl lithe_switch_inherit_float
  .hidden lithe_switch_inherit_float
  .type lithe_switch_inherit_float, @function
lithe_switch_inherit_float:
  .cfi_startproc
  stmxcsr -4(%rsp)
  movl -4(%rsp), %eax
  andl $0xffffffc0, %eax     // the low six bits are the sticky exception flags
  movl %eax, (%rdi)
  fnstcw 4(%rdi)
  ret
  .cfi_endproc
  .size lithe_switch_inherit_float, . - lithe_switch_inherit_float

  .globl lithe_thread_pointer
  .hidden lithe_thread_pointer
  .type lithe_thread_pointer, @function
lithe_thread_pointer:
  .cfi_startproc
  movq %fs:0, %rax           // the x86-64 ABI keeps the thread pointer at its own address
  ret
  .cfi_endproc
  .size lithe_thread_pointer, . - lithe_thread_pointer

// Bit 1 of AT_HWCAP2 is HWCAP2_FSGSBASE: the kernel lets user space use wrfsbase.
  .globl lithe_switch_init
  .hidden lithe_switch_init
  .type lithe_switch_init, @function
lithe_switch_init:
  .cfi_startproc
  movl %edi, %eax
  shrl $1, %eax
  andl $1, %eax
  movb %al, lithe_has_fsgsbase(%rip)
  ret
  .cfi_endproc
  .size lithe_switch_init, . - lithe_switch_init

  .local lithe_has_fsgsbase
  .comm lithe_has_fsgsbase, 1, 1

  .section .note.GNU-stack, "", @progbits
