import { describe, expect, it } from 'vitest';
import { MID_PROBE } from '../../examples/bloodflow/model/mesh.js';
import type { Vessel } from '../../examples/bloodflow/model/network.js';
import { impedanceAt } from '../../examples/bloodflow/model/wall.js';
import { Results } from '../../examples/bloodflow/results.js';
import { constantFlow, gaussianPulse, network, stepper, vessel } from './support.js';

const BLOOD = { rho: 1050, mu: 0 };
const ABSORBING = { kind: 'reflection', rt: 0 } as const;
/** Small enough that what is left of nonlinearity is far below the tolerance. */
const SMALL = 1e-9;

/**
 * Impulse (integral of pressure over time) of the pulse that runs into the node, of the one that comes back, both in the
 * middle of the first vessel, and of the one that goes on. Unlike peaks, impulses do not feel numerical smoothing.
 */
function reflection(vessels: readonly Vessel[]): { incident: number; reflected: number; transmitted: number } {
  const run = stepper(network(vessels, gaussianPulse(0.7, SMALL), { dx: 0.01, samples: 350 }));
  run.run(run.timing.steps);
  const results = new Results(run.state());
  const parent = results.waveform(0, MID_PROBE);
  const c = 6.17;
  const split = (0.05 * c + vessels[0]!.length) / c;
  const impulse = (values: Float64Array) => values.reduce((sum, p) => sum + p, 0);
  return {
    incident: impulse(parent.P.filter((_, i) => parent.t[i]! < split)),
    reflected: impulse(parent.P.filter((_, i) => parent.t[i]! >= split)),
    transmitted: vessels.length > 1 ? impulse(results.waveform(1, 1).P) : 0,
  };
}

function admittance(tube: Vessel): number {
  return 1 / impedanceAt(tube, 0, 0, BLOOD);
}

describe('nodes', () => {
  const parent = vessel({ label: 'parent', length: 2 });
  it.each([
    ['two equal daughters', [0.01, 0.01]],
    ['three small daughters', [0.004, 0.005, 0.006]],
    ['a widening', [0.014]],
    ['four daughters', [0.005, 0.005, 0.005, 0.005]],
  ])('splits_a_pulse_as_linear_theory_says: %s', (_, radii) => {
    const daughters = radii.map((r, k) =>
      vessel({ label: `d${k}`, sn: 2, tn: 3 + k, length: 2, rProximal: r, rDistal: r, outlet: ABSORBING }),
    );
    const outgoing = daughters.reduce((sum, tube) => sum + admittance(tube), 0);
    const expected = (admittance(parent) - outgoing) / (admittance(parent) + outgoing);
    const { incident, reflected, transmitted } = reflection([parent, ...daughters]);
    expect(reflected / incident).toBeCloseTo(expected, 3);
    expect(transmitted / incident).toBeCloseTo(1 + expected, 3);
  });

  it.each([1, 0.5, -0.5, -1])('reflects_with_the_coefficient_of_the_outlet: %d', (rt) => {
    const { incident, reflected } = reflection([{ ...parent, outlet: { kind: 'reflection', rt } }]);
    expect(reflected / incident).toBeCloseTo(rt, 3);
  });

  it('absorbs_at_a_matched_resistance', () => {
    const r1 = impedanceAt(parent, 0, 0, BLOOD);
    const { incident, reflected } = reflection([{ ...parent, outlet: { kind: 'resistance', r1, pOut: 0 } }]);
    expect(Math.abs(reflected / incident)).toBeLessThan(2e-3);
  });

  it('conserves_flow_and_total_pressure_where_five_ends_meet', () => {
    const rho = 1060;
    const load = { kind: 'windkessel', r1: 2e8, r2: 2e9, c: 1e-10, pOut: 0 } as const;
    const base = { length: 0.05, young: 7e5, thickness: 5e-4, pRef: 10_000 };
    const vessels = [
      vessel({ ...base, label: 'in', rProximal: 0.005, rDistal: 0.005 }),
      ...[0.002, 0.003, 0.004, 0.0025].map((r, k) =>
        vessel({ ...base, label: `d${k}`, sn: 2, tn: 3 + k, rProximal: r, rDistal: r, outlet: load }),
      ),
    ];
    const run = stepper(network(vessels, constantFlow(0.5, 4e-5), { pInitial: 10_000 }, { rho, mu: 0.004 }));
    run.run(Math.floor(run.timing.steps / 3));
    const { facePressure, faceFlow, endFace, cells, first } = run.mesh;
    const faces = [endFace[1]!, ...[2, 4, 6, 8].map((e) => endFace[e]!)];
    const flow = faces.reduce((sum, f, k) => sum + (k === 0 ? 1 : -1) * faceFlow[f]!, 0);
    expect(Math.abs(flow)).toBeLessThan(1e-16);
    const heads = faces.map((f, k) => {
      const at = (k === 0 ? 1 : 2 * k) * 4;
      const root =
        run.mesh.endShape[at]! + (facePressure[f]! - run.mesh.endShape[at + 3]!) / run.mesh.endShape[at + 1]!;
      return facePressure[f]! + 0.5 * rho * (faceFlow[f]! / root ** 2) ** 2;
    });
    expect(first[1]).toBe(cells[0]! + 1);
    for (const head of heads) {
      expect(Math.abs(head - heads[0]!)).toBeLessThan(1e-8);
    }
  });

  it('joins_two_halves_of_a_vessel_without_a_trace', () => {
    const load = { kind: 'resistance', r1: 5e7, pOut: 0 } as const;
    const inflow = gaussianPulse(0.5, 1e-5);
    const whole = stepper(network([vessel({ length: 1, outlet: load })], inflow, { dx: 5e-3 }));
    const halves = stepper(
      network([vessel({ length: 0.5 }), vessel({ label: 'b', sn: 2, tn: 3, length: 0.5, outlet: load })], inflow, {
        dx: 5e-3,
      }),
    );
    whole.run(whole.timing.steps);
    halves.run(halves.timing.steps);
    const a = new Results(whole.state()).waveform(0, 3);
    const b = new Results(halves.state()).waveform(1, MID_PROBE);
    const scale = Math.max(...a.P);
    a.P.forEach((p, i) => {
      expect(Math.abs(p - b.P[i]!) / scale).toBeLessThan(2e-3);
    });
  });

  it('settles_at_the_mean_pressure_that_the_resistances_of_a_windkessel_ask_for', () => {
    const load = { kind: 'windkessel', r1: 3e8, r2: 1.7e9, c: 1e-10, pOut: 700 } as const;
    const tube = vessel({ length: 0.1, young: 7e5, thickness: 3e-4, rProximal: 0.003, rDistal: 0.003, pRef: 10_000 });
    const q = 6e-6;
    const run = stepper(
      network([{ ...tube, outlet: load }], constantFlow(1, q), { pInitial: 12_000 }, { rho: 1060, mu: 0.004 }),
    );
    for (let cycle = 0; cycle < 6; cycle++) run.run(run.timing.steps);
    const outlet = new Results(run.state()).summary(0, 4);
    expect(outlet.qMean).toBeCloseTo(q, 10);
    expect(outlet.pMean).toBeCloseTo((load.r1 + load.r2) * q + load.pOut, 1);
  });
});
