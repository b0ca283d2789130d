import type { Round } from './instrument.js';

/**
 * How far apart the two processors of a synchronisation measurement were: `same` when they shared a last-level cache,
 * `cross` when they did not. On a virtual machine this changes while a benchmark runs, because the host moves the
 * virtual processors about. `any` is for measurements that do not depend on it.
 */
export type Mode = 'same' | 'cross' | 'any';

/**
 * Round trips below are `same`, from here on `cross`. Measured machines lie at 50-110 ns (one last-level cache) and at
 * 320-500 ns (different dies or sockets), with nothing in between.
 */
export const crossFromNs = 180;

/** @param roundTripNs a ping-pong probe */
export function modeOf(roundTripNs: number): 'same' | 'cross' {
  return roundTripNs < crossFromNs ? 'same' : 'cross';
}

/** The mode of a round; undefined when its two probes disagree, so that nobody knows where the samples belong. */
export function modeOfRound(round: Round): Mode | undefined {
  if (round.probes === undefined) return 'any';
  const [before, after] = round.probes.map(modeOf);
  return before === after ? before : undefined;
}
