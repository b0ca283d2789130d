import { JobError } from '../errors.js';
import type { NativeEntry, Plan, TypedArray } from '../native/load.js';
import { type BufferUse, checkBuffer, isTypedArray } from './buffers.js';
import type { AnyKernel, JobNode } from './node_types.js';

/** The words of the plan; `native/addon/job_plan.h` describes the format. */
const op = { call: 0, sequence: 1, parallel: 2, forEach: 3, repeat: 4, until: 5 } as const;

/** Nesting that a job may have; `kMaxPlanDepth` of the native core is the same. */
const maxDepth = 256;
/** Words that a plan may have: a node that is used twice is written twice, and so on upward. */
const maxWords = 2 ** 24;
/** Numbers that one native call may take; kernels with more run plain. */
const maxScalars = 256;

/** A job ready for the native core. */
export interface LoweredJob {
  readonly plan: Plan;
  readonly buffers: readonly BufferUse[];
  /** Passes of all outermost loops together; `undefined` when a loop ends by a flag. */
  readonly total: number | undefined;
}

/** A job that cannot run natively. */
export interface PlainJob {
  /** The first of its kernels that has no native code for its arguments; `undefined` when there is no native core. */
  readonly plainKernel: string | undefined;
  readonly buffers: readonly BufferUse[];
  readonly total: number | undefined;
}

/**
 * Flattens the tree under `node` into a plan, compiling its kernels on the way.
 *
 * @param compile false where there is no native core: then no kernel is asked for native code.
 * @throws JobError `ERR_HARTS_JOB_DEPTH` or `ERR_HARTS_JOB_SIZE` for trees that no machine should see,
 *   `ERR_HARTS_JOB_BUFFER` for arrays that are detached or resizable.
 */
export function lower(node: JobNode, compile: boolean): LoweredJob | PlainJob {
  const writer = new PlanWriter(compile);
  writer.node(node, 0);
  const { buffers, plainKernel } = writer;
  const total = totalPasses(node);
  return writer.compile ? { plan: writer.plan(), buffers, total } : { plainKernel, buffers, total };
}

/** Passes of the outermost loops: what progress counts. A job without loops counts as 0. */
export function totalPasses(node: JobNode): number | undefined {
  switch (node.kind) {
    case 'sequence':
    case 'parallel': {
      let total = 0;
      for (const child of node.children) {
        const passes = totalPasses(child);
        if (passes === undefined) return undefined;
        total += passes;
      }
      return total;
    }
    case 'repeat':
      return node.count;
    case 'until':
      return undefined;
    default:
      return 0;
  }
}

class PlanWriter {
  readonly buffers: BufferUse[] = [];
  plainKernel: string | undefined;
  /** False as soon as one kernel is plain. */
  compile: boolean;
  private readonly code: number[] = [];
  private readonly numbers: number[] = [];
  private readonly entries = new Map<NativeEntry, number>();
  private readonly arrays = new Map<TypedArray, number>();

  constructor(compile: boolean) {
    this.compile = compile;
  }

  plan(): Plan {
    return {
      code: Int32Array.from(this.code),
      numbers: Float64Array.from(this.numbers),
      entries: [...this.entries.keys()],
      arrays: [...this.arrays.keys()],
    };
  }

  node(node: JobNode, depth: number): void {
    this.checkLimits(depth);
    switch (node.kind) {
      case 'call':
        this.code.push(op.call);
        this.call(node.kernel, node.args, 1);
        return;
      case 'sequence':
      case 'parallel':
        this.code.push(op[node.kind], node.children.length);
        for (const child of node.children) this.node(child, depth + 1);
        return;
      case 'forEach':
        this.code.push(op.forEach, this.number(node.count));
        this.call(node.kernel, [0, ...node.args], 0);
        return;
      case 'repeat':
        this.code.push(op.repeat, this.number(node.count));
        this.node(node.child, depth + 1);
        return;
      case 'until':
        this.code.push(op.until, this.array(node.flag, 'The flag of job.until'));
        this.code.push(node.max === undefined ? -1 : this.number(node.max));
        this.node(node.child, depth + 1);
        return;
    }
  }

  /** `firstArgument`: what messages call argument 0; a forEach puts the index before the user's own. */
  private call(kernel: AnyKernel, args: readonly unknown[], firstArgument: number): void {
    args.forEach((argument, i) => {
      if (isTypedArray(argument)) this.array(argument, `Argument ${i + firstArgument} of kernel ${kernel.kernelName}`);
    });
    // The tree is walked to its end even when a kernel is plain: bad arrays are refused either way.
    if (!this.compile) return;
    const resolved = kernel.resolve(args);
    const isForEach = firstArgument === 0;
    if (
      resolved === undefined ||
      resolved.scalars.length > maxScalars ||
      (isForEach && resolved.scalars.length === 0)
    ) {
      this.compile = false;
      this.plainKernel = kernel.kernelName;
      return;
    }
    this.code.push(index(this.entries, resolved.entry), resolved.arrays.length);
    for (const array of resolved.arrays) this.code.push(this.array(array, `An array of kernel ${kernel.kernelName}`));
    this.code.push(this.numbers.length, resolved.scalars.length);
    for (const scalar of resolved.scalars) this.numbers.push(Number(scalar));
  }

  private array(array: TypedArray, where: string): number {
    if (!this.arrays.has(array)) {
      const use = { array, where };
      checkBuffer(use);
      this.buffers.push(use);
    }
    return index(this.arrays, array);
  }

  private number(value: number): number {
    return this.numbers.push(value) - 1;
  }

  private checkLimits(depth: number): void {
    if (depth > maxDepth) {
      throw new JobError(
        'ERR_HARTS_JOB_DEPTH',
        `The job is nested more than ${maxDepth} nodes deep. Build it flatter.`,
      );
    }
    if (this.code.length > maxWords) {
      throw new JobError(
        'ERR_HARTS_JOB_SIZE',
        `The job has more than ${maxWords} words when written out. Use job.repeat and job.forEach instead of copies.`,
      );
    }
  }
}

/** The index of `key` in insertion order, appended when new. */
function index<K>(table: Map<K, number>, key: K): number {
  let found = table.get(key);
  if (found === undefined) {
    found = table.size;
    table.set(key, found);
  }
  return found;
}
