import type { BloodflowError } from '../errors.js';
import type { CycleState, StopReason } from '../simulate.js';

/** Why a run ended, one sentence. */
export function describeEnding(state: CycleState, reason: StopReason | BloodflowError): string {
  const last = state.cycles.at(-1)!;
  const { tolerance } = state.network.solver;
  if (typeof reason !== 'string') {
    return `Results of cycle ${last.cycle}, the last whole one: the run failed after it (${reason.code}).`;
  }
  if (reason === 'periodic') {
    return `Periodic after ${last.cycle} cycles: the pressure changed by ${last.change!.toExponential(2)} at most (in ${last.worst}), less than ${tolerance.toExponential()}.`;
  }
  const change =
    last.change === undefined ? '' : `; the last change was ${last.change.toExponential(2)} (in ${last.worst})`;
  return `Stopped after the ${last.cycle} cycle${last.cycle === 1 ? '' : 's'} that were asked for, not known to be periodic${change}.`;
}
