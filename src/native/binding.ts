/** Every kind of array that a compiled kernel can take. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

declare const nativeEntry: unique symbol;

/** A compiled function in a loaded object: opaque, made by {@link NativeBinding.loadEntry}, valid for ever. */
export interface NativeEntry {
  readonly [nativeEntry]: never;
}

/** A job in the form that the native core executes; `src/jobs/lower.ts` writes it, `native/addon/job_plan.h` reads it. */
export interface Plan {
  readonly code: Int32Array;
  readonly numbers: Float64Array;
  readonly entries: readonly NativeEntry[];
  readonly arrays: readonly TypedArray[];
}

/** How a native job ended. */
export interface PlanResult {
  /** 0 done, 1 stopped by an abort, 2 failed for the reason in `problem`. */
  readonly outcome: 0 | 1 | 2;
  /** Passes of the outermost loops that ended. */
  readonly iterations: number;
  readonly problem?: string;
}

/** Where one hart lives: hwloc's logical indexes, and the operating system's number of the PU. -1: no such object. */
export interface HartPlace {
  readonly pu: number;
  readonly core: number;
  readonly l2: number;
  readonly l3: number;
  readonly numa: number;
  readonly package: number;
}

/** The machine, as the runtime sees it. */
export interface Topology {
  /**
   * min(PUs in the affinity mask, CPU quota rounded up, `HARTS`, option), or `HARTS_VIRTUAL`; with `HARTS_SMT=off` of
   * cores instead of PUs; with `HARTS_TOPOLOGY` at most the PUs that it describes.
   */
  readonly harts: number;
  /** PUs in the affinity mask of the process; all PUs of a synthetic machine. */
  readonly pus: number;
  /** PUs of the machine. */
  readonly machinePus: number;
  /** CPUs that the cgroup allows, 0 when unlimited. */
  readonly quota: number;
  /** PUs of a core that are among `pus`, the most that any core has: 1 without SMT. */
  readonly smt: number;
  /** There are harts that share a core; never with `HARTS_SMT=off`. */
  readonly smtUsed: boolean;
  /** The harts are not the PUs of this machine: more of them (`HARTS_VIRTUAL`), or `synthetic`. For tests only. */
  readonly virtual: boolean;
  /** The machine is described by `HARTS_TOPOLOGY` (or by variables of hwloc), not read. Then `virtual` is true too. */
  readonly synthetic: boolean;
  /** The threads that carry harts are pinned to their PU. */
  readonly pinned: boolean;
  /** Another libgomp was loaded before this package: OpenMP code binds to that one, and does not share harts. */
  readonly foreignOpenmp: boolean;
  /** One entry per hart, in locality order. */
  readonly places: readonly HartPlace[];
}

/** Counters since the process began; all zero before first use. */
export interface RuntimeStats {
  readonly harts: number;
  /** Harts that are not idle now. */
  readonly hartsBusy: number;
  /** The most harts that were not idle at a time. */
  readonly hartsBusyMost: number;
  /** Schedulers entered so far: jobs, parallels, OpenMP regions. */
  readonly schedulersEntered: number;
  /** Schedulers entered and not left now. */
  readonly schedulers: number;
  /** Harts handed from a scheduler to a child. */
  readonly grants: number;
  /** Harts handed back. */
  readonly yields: number;
  /** Contexts resumed by a carrier. */
  readonly contextSwitches: number;
  readonly blocks: number;
  readonly unblocks: number;
  /** Times a context let others run. */
  readonly contextYields: number;
  /** Contexts that ended. */
  readonly contextExits: number;
  /** Times a scheduler was asked what a hart shall do. */
  readonly decisions: number;
  /** Times an idle hart's kernel thread went to sleep, and times one was woken. */
  readonly parks: number;
  readonly wakes: number;
  /** Times a hart moved from one kernel thread to another (guests). */
  readonly handoffs: number;
  /** System calls that blocked and lost their hart to others; contexts that were switched out; contexts asked to yield. */
  readonly departures: number;
  readonly preemptions: number;
  readonly askedToYield: number;
  /** Harts that are not in use now; see {@link Runtime.configure}. */
  readonly hartsOffline: number;
  /** Kernel threads made to carry harts. */
  readonly carriers: number;
  /** Contexts that exist, and how many of them wait in the pool. */
  readonly contexts: number;
  readonly contextsPooled: number;
  /** Foreign threads known now. */
  readonly guests: number;
  readonly jobsStarted: number;
  readonly jobsActive: number;
  /** Looks taken from outside, while jobs ran, at how many threads were running. */
  readonly samples: number;
  /** How many of those looks found more running threads than harts: 0, or the first law is broken. */
  readonly oversubscribedSamples: number;
  /** The share of each hart, in the order of {@link Topology.places}; empty before first use. */
  readonly perHart: readonly HartStats[];
}

/** What one hart did. What no hart causes (a plain thread wakes a context) is in the sums of {@link RuntimeStats} only. */
export interface HartStats {
  /** A kernel thread carries it now. */
  readonly busy: boolean;
  readonly schedulersEntered: number;
  /** Grants made by this hart; the runtime's grants of idle harts are in the sums only. */
  readonly grants: number;
  readonly yields: number;
  readonly contextSwitches: number;
  readonly blocks: number;
  readonly contextYields: number;
  readonly contextExits: number;
  readonly decisions: number;
  readonly parks: number;
  readonly handoffs: number;
  readonly departures: number;
  readonly preemptions: number;
}

/** What `harts.node` exports. It checks what it is given for memory safety alone; the layers above explain. */
export interface NativeBinding {
  /** Opens the shared object at `path`, for ever. Throws an Error with the dynamic linker's text. */
  loadEntry(path: string, symbol: string): NativeEntry;
  /** Calls on this thread, which is a guest if the code uses OpenMP. */
  callEntry(entry: NativeEntry, arrays: readonly TypedArray[], scalars: readonly number[]): number;
  /** Starts a job; `done` is called once, from the event loop, when it has ended and given every hart back. */
  runPlan(plan: Plan, done: (result: PlanResult) => void): number;
  /** Runs a job with this thread as its first hart. */
  runPlanSync(plan: Plan): PlanResult;
  /** Makes a job stop before its next call; nothing happens if it has ended. */
  abortJob(job: number): void;
  jobIterations(job: number): number;
  topology(): Topology;
  stats(): RuntimeStats;
  /** The file of another libgomp that OpenMP code of this process binds to; empty when it binds to ours. */
  foreignOpenmp(): string;
  /** Uses so many harts from now on, or all when there are fewer. Throws an Error with the code ERR_HARTS_TOPOLOGY. */
  setHarts(harts: number): void;
  /** How many harts are in use now. Throws as `setHarts`. */
  hartLimit(): number;
  /** The quantum in milliseconds, 0 for none; false when there is no monitor. Throws as `setHarts`. */
  setPreemption(quantum: number): boolean;
  /** Throws an Error with a code ERR_HARTS_TRACE_*, as the next three do. */
  traceStart(eventsPerHart: number): void;
  traceStop(): void;
  /** Writes from where the file stands, and cuts off what was there. Leaves the file alone when there is no trace. */
  traceWrite(fd: number): void;
  traceText(): string;
}
