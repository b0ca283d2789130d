import type { BloodflowError } from '../errors.js';
import type { Vessel } from '../model/network.js';
import type { Section } from './document.js';

/**
 * Checks that vessels make one network with one inlet: labels differ, everything hangs together, exactly one terminal start,
 * and an outlet at every terminal end and nowhere else.
 *
 * @param sections where each vessel stands in the file, for the message.
 */
export function checkTopology(vessels: readonly Vessel[], sections: readonly Section[]): void {
  const complain = (v: number, ...rest: Parameters<Section['problem']>): BloodflowError =>
    sections[v]!.problem(...rest);

  const byLabel = new Map<string, number>();
  vessels.forEach((vessel, v) => {
    const before = byLabel.get(vessel.label);
    if (before !== undefined) {
      throw complain(
        v,
        'DUPLICATE_LABEL',
        'label',
        `network[${v}] and network[${before}] are both called '${vessel.label}'.`,
        'Labels name results: make them differ.',
      );
    }
    byLabel.set(vessel.label, v);
    if (vessel.sn === vessel.tn) {
      throw complain(
        v,
        'VALUE',
        'tn',
        `'${vessel.label}' starts and ends at node ${vessel.sn}.`,
        'Give it two different nodes.',
      );
    }
  });

  const atNode = new Map<number, number[]>();
  vessels.forEach((vessel, v) => {
    for (const node of [vessel.sn, vessel.tn]) {
      atNode.set(node, [...(atNode.get(node) ?? []), v]);
    }
  });

  const reached = new Set([0]);
  for (const v of reached) {
    for (const node of [vessels[v]!.sn, vessels[v]!.tn]) {
      for (const neighbour of atNode.get(node)!) {
        reached.add(neighbour);
      }
    }
  }
  const lost = vessels.findIndex((_, v) => !reached.has(v));
  if (lost >= 0) {
    const others = vessels.length - reached.size - 1;
    throw complain(
      lost,
      'DISCONNECTED',
      'sn',
      `'${vessels[lost]!.label}' (nodes ${vessels[lost]!.sn} and ${vessels[lost]!.tn})${others > 0 ? ` and ${others} more` : ''} cannot be reached from '${vessels[0]!.label}'.`,
      'Check the node numbers sn and tn.',
    );
  }

  const inlets = vessels.flatMap((vessel, v) => (atNode.get(vessel.sn)!.length === 1 ? [v] : []));
  if (inlets.length === 0) {
    throw complain(
      0,
      'INLET',
      undefined,
      'no vessel starts at a node of its own, so there is no inlet.',
      'Give the inlet vessel an sn that no other vessel uses.',
    );
  }
  if (inlets.length > 1) {
    const names = inlets.map((v) => `'${vessels[v]!.label}' (sn ${vessels[v]!.sn})`).join(', ');
    throw complain(
      inlets[1]!,
      'INLET',
      'sn',
      `there is more than one inlet: ${names}.`,
      'Only one vessel may start at a node of its own; turn a terminal vessel around by exchanging sn and tn.',
    );
  }

  vessels.forEach((vessel, v) => {
    const terminal = atNode.get(vessel.tn)!.length === 1;
    if (terminal && vessel.outlet === undefined) {
      throw complain(
        v,
        'OUTLET',
        'tn',
        `'${vessel.label}' ends at node ${vessel.tn}, where no other vessel begins, and has no outlet.`,
        "Give it 'R1', 'R2' and 'Cc', or 'R1', or 'Rt', or correct tn.",
      );
    }
    if (!terminal && vessel.outlet !== undefined) {
      throw complain(
        v,
        'OUTLET',
        'tn',
        `'${vessel.label}' has an outlet, but other vessels are joined to its end at node ${vessel.tn}.`,
        'Remove the outlet, or correct tn.',
      );
    }
  });
}
