// HARTS_REPORT: what the runtime has done, when the process exits. "1" is standard error, all else a file that the report
// is appended to, so that the processes of one command can share it.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "code_mark.h"
#include "keep_errno.h"
#include "lithe/stats.h"
#include "runtime.h"
#include "text_out.h"

namespace lithe::core {
namespace {

// Set before main, read at exit.
char *destination = nullptr;
pid_t process = 0;

double processor_seconds() {
  rusage used;
  if (getrusage(RUSAGE_SELF, &used) != 0) return 0;
  const auto seconds = [](const timeval &time) { return double(time.tv_sec) + double(time.tv_usec) * 1e-6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void write_to(int fd) {
  TextOut out(fd);
  out.print("harts: report of %s, process %d\n", program_invocation_short_name, static_cast<int>(getpid()));
  if (!runtime_if_started()) {
    out.print("  not used: no parallel region and no job ran\n");
    return;
  }
  lithe_stats_t stats;
  lithe_stats_get(&stats);
  const auto line = [&out](const char *name, unsigned long long value) { out.print("  %-20s %12llu\n", name, value); };
  line("harts", stats.harts);
  line("most busy at a time", stats.harts_busy_most);
  line("schedulers entered", stats.schedulers_entered);
  line("grants", stats.grants);
  line("context switches", stats.context_switches);
  out.print("  %-20s %12.3f s\n", "since first use", static_cast<double>(stats.age_ns) * 1e-9);
  out.print("  %-20s %12.3f s\n", "processor time", processor_seconds());
}

void write_report() {
  const RuntimeCode own;
  // A forked child has something to report only if it has used harts itself.
  if (getpid() != process && !runtime_if_started()) return;
  if (std::strcmp(destination, "1") == 0) {
    write_to(STDERR_FILENO);
    return;
  }
  const int fd = open(destination, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) {
    std::fprintf(stderr, "harts: HARTS_REPORT: %s could not be written: %s\n", destination, std::strerror(errno));
    return;
  }
  write_to(fd);
  close(fd);
}

// When the library is loaded, not when the runtime starts: that it never did is worth knowing, too.
__attribute__((constructor)) void report_follow_environment() {
  const char *wanted = secure_getenv("HARTS_REPORT");
  if (!wanted || !*wanted || std::strcmp(wanted, "0") == 0) return;
  const KeepErrno keep;
  process = getpid();
  destination = strdup(wanted);  // the program may change its environment
  if (destination && std::atexit(write_report) == 0) return;
  std::fprintf(stderr, "harts: HARTS_REPORT has no effect: out of memory\n");
}

}  // namespace
}  // namespace lithe::core
