#include "in_place_call.h"

#include <sys/syscall.h>

namespace lithe::core {

bool must_be_made_in_place(long number) {
  switch (number) {
#ifdef SYS_fork  // newer architectures have clone only
    case SYS_fork:
    case SYS_vfork:
#endif
#ifdef SYS_arch_prctl
    case SYS_arch_prctl:
#endif
    case SYS_clone:
    case SYS_clone3:
    case SYS_execve:
    case SYS_execveat:
    case SYS_exit:
    case SYS_exit_group:
    case SYS_rt_sigreturn:
    case SYS_restart_syscall:  // means something to the kernel thread whose call was stopped
      return true;
    default:
      return false;
  }
}

}  // namespace lithe::core
