import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';

/** What the results depend on besides the code. Names neither the machine nor its user, so that it can be published. */
export interface MachineState {
  readonly cpu: string;
  readonly machineCores: number;
  readonly usableCores: number;
  /** The PUs that this process may use, as the kernel lists them. */
  readonly affinity: string;
  /** CPUs that the cgroup allows; null when unlimited. */
  readonly quota: number | null;
  readonly virtual: boolean;
  readonly kernel: string;
  readonly node: string;
  /** Whether the kernel groups the processes of a session for scheduling, and at which priority we run. */
  readonly autogroup: string | null;
  /** Load averages over 1, 5 and 15 minutes. */
  readonly load: readonly number[];
}

export function machineState(): MachineState {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    machineCores: processors.length,
    usableCores: availableParallelism(),
    affinity: /^Cpus_allowed_list:\s*(\S+)/m.exec(text('/proc/self/status') ?? '')?.[1] ?? 'unknown',
    quota: quota(),
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(text('/proc/cpuinfo') ?? ''),
    kernel: /^[\d.]+/.exec(release())?.[0] ?? release(),
    node: process.version,
    autogroup:
      text('/proc/self/autogroup')
        ?.trim()
        .replace(/^\S*autogroup-\d+\s*/, '') ?? null,
    load: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The tightest CPU quota of the cgroups that this process is in, whichever version of cgroups. */
function quota(): number | null {
  const groups = text('/proc/self/cgroup') ?? '';
  const limits: number[] = [];
  const unified = /^0::(\/.*)$/m.exec(groups)?.[1];
  if (unified !== undefined) {
    const parts = unified.split('/').filter((part) => part !== '');
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const limit = text(join('/sys/fs/cgroup', ...parts.slice(0, depth), 'cpu.max'));
      const [allowed, period] = (limit ?? '').trim().split(' ').map(Number);
      if (allowed !== undefined && period !== undefined && allowed > 0) limits.push(allowed / period);
    }
  }
  const first = /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(\/.*)$/m.exec(groups)?.[1];
  if (first !== undefined) {
    for (const directory of [join('/sys/fs/cgroup/cpu', first), '/sys/fs/cgroup/cpu']) {
      const allowed = Number(text(join(directory, 'cpu.cfs_quota_us')));
      const period = Number(text(join(directory, 'cpu.cfs_period_us')));
      if (allowed > 0 && period > 0) limits.push(allowed / period);
    }
  }
  return limits.length === 0 ? null : Math.min(...limits);
}
