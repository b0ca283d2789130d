/** What a vessel's far end meets when no other vessel is joined to it. */
export type Outlet =
  | { readonly kind: 'windkessel'; readonly r1: number; readonly r2: number; readonly c: number; readonly pOut: number }
  | { readonly kind: 'resistance'; readonly r1: number; readonly pOut: number }
  | { readonly kind: 'reflection'; readonly rt: number };

/** One elastic tube. SI units. */
export interface Vessel {
  readonly label: string;
  /** Node where the vessel starts (x = 0) and node where it ends (x = length). Positive flow runs from one to the other. */
  readonly sn: number;
  readonly tn: number;
  readonly length: number;
  /** Radius at the reference pressure, at both ends; linear in between. */
  readonly rProximal: number;
  readonly rDistal: number;
  readonly young: number;
  /** Wall thickness; without it, the empirical law of `wallThickness`. */
  readonly thickness: number | undefined;
  /** Pressure at which the radii hold. */
  readonly pRef: number;
  /** Order of the velocity profile: 2 parabolic, 9 nearly flat. */
  readonly profile: number;
  /** Number of cells, when the user fixed it. */
  readonly cells: number | undefined;
  readonly outlet: Outlet | undefined;
  /** Whether waveforms of this vessel are written. */
  readonly save: boolean;
}

export interface Blood {
  readonly rho: number;
  readonly mu: number;
}

/** Flow into the network, periodic. */
export interface Inflow {
  /** Period in seconds. */
  readonly period: number;
  /** Flow in m3/s at a time in [0, period). */
  at(t: number): number;
}

/** Numerical choices of one run. */
export interface SolverOptions {
  /** Courant number aimed at, in (0, 1]. */
  readonly courant: number;
  /** Largest number of periods. */
  readonly cycles: number;
  /** Periodic when the pressure changes less than this from period to period: RMS over a period, part of the largest pressure. */
  readonly tolerance: number;
  /** Samples per period in waveforms. */
  readonly samples: number;
  /** Largest cell, metres. */
  readonly dx: number;
  /** Pressure everywhere at the start. */
  readonly pInitial: number;
}

/** A network ready to be meshed: labels are unique, it is connected, has one inlet, and every terminal end has an outlet. */
export interface Network {
  readonly name: string;
  readonly blood: Blood;
  readonly vessels: readonly Vessel[];
  readonly inflow: Inflow;
  readonly solver: SolverOptions;
}
