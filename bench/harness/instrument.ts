/** One of the things that are compared: ours, or another way to the same end. */
export interface Contender {
  readonly name: string;
  readonly what: string;
  /** Why it cannot run on this machine, and what to do about it. */
  readonly unavailable?: string;
}

/** A question that every contender answers with a number, smaller being better. */
export interface Measurement {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  /** The contender that ratios are taken against. */
  readonly baseline: string;
  /**
   * The answer depends on how far apart the processors are: every round is probed before and after, and the results
   * are kept apart by {@link Mode}.
   */
  readonly synchronisation: boolean;
  readonly contenders: readonly Contender[];
}

/** One sample of every available contender, taken one after the other. */
export interface Round {
  /** By contender; null when the machine was too busy for the sample to mean anything. */
  readonly samples: Readonly<Record<string, number | null>>;
  /** Ping-pong round trips in ns before and after, of synchronisation measurements on more than one processor. */
  readonly probes?: readonly [number, number];
}

/** What takes the samples of a benchmark: a native program, or functions of this process. */
export interface Instrument {
  /** What the instrument knows of itself and the machine: compiler, harts, ... */
  readonly facts: Readonly<Record<string, string>>;
  readonly measurements: readonly Measurement[];
  /**
   * Takes one sample of each contender.
   *
   * @param measurement one of `measurements`
   * @param rotation    the contender that comes first; the harness rotates it so that the order favours nobody
   */
  round(measurement: Measurement, rotation: number): Promise<Round>;
  close(): Promise<void>;
}

/**
 * Measurements that are curves: each is named `CURVE NUMBER`, of which the last word is the x value. Names that do not end
 * so are in the table only.
 */
export interface Chart {
  /** The label of the axis, with the unit. */
  readonly x: string;
  readonly y: string;
  /** Axes with logarithmic scales. */
  readonly log?: readonly ('x' | 'y')[];
}

/** What `npm run bench -- NAME` can run. */
export interface Benchmark {
  readonly name: string;
  readonly what: string;
  /** Rounds when the command line does not say. */
  readonly rounds: number;
  /** What `--chart` draws; without it there is no chart. */
  readonly chart?: Chart;
  /** @throws BenchError when the benchmark cannot run at all. */
  open(): Promise<Instrument>;
}
