import { describe, expect, it } from 'vitest';
import type { Vessel } from '../../examples/bloodflow/model/network.js';
import { rootAt, wallAt, waveSpeed } from '../../examples/bloodflow/model/wall.js';
import { Results } from '../../examples/bloodflow/results.js';
import { gaussianPulse, network, stepper, vessel } from './support.js';

const RHO = 1050;
const PULSE = vessel({ label: 'pulse', length: 10, outlet: { kind: 'reflection', rt: 0 } });

/**
 * The exact inviscid pulse: what enters at time tau keeps u and c and arrives at x at tau + x / (u + c), with
 * u = 4 (c - c0), A = (2 rho c^2 / stiff)^2 and A u = Q(tau).
 */
function exactPressure(tube: Vessel, x: number, times: Float64Array, inflow: (t: number) => number): Float64Array {
  const wall = wallAt(tube, 0);
  const c0 = waveSpeed(wall, wall.rest, { rho: RHO, mu: 0 });
  const speedOf = (q: number) => {
    let c = c0;
    for (let k = 0; k < 30; k++) {
      const root = (2 * RHO * c * c) / wall.stiff;
      const u = 4 * (c - c0);
      c -= (root * root * u - q) / (root * root * (4 + (4 * u) / c));
    }
    return c;
  };
  const at = (tau: number) => {
    const c = speedOf(inflow(tau));
    return { arrival: tau + x / (5 * c - 4 * c0), p: wall.stiff * ((2 * RHO * c * c) / wall.stiff - wall.rest) };
  };
  return times.map((t) => {
    let low = t - (1.05 * x) / c0;
    let high = t - (0.95 * x) / c0;
    for (let k = 0; k < 60; k++) {
      const middle = 0.5 * (low + high);
      if (at(middle).arrival < t) low = middle;
      else high = middle;
    }
    return at(low).p;
  });
}

/** Relative L2 error of pressure at 10 m, at a Courant number of 0.9. */
function pulseError(dx: number): { error: number; peak: number } {
  const inflow = gaussianPulse(1.8);
  const c0 = waveSpeed(wallAt(PULSE, 0), wallAt(PULSE, 0).rest, { rho: RHO, mu: 0 });
  const steps = Math.round((1.8 * c0) / dx / 0.9);
  const run = stepper(network([PULSE], inflow, { dx, samples: steps }), steps);
  run.run(steps);
  const wave = new Results(run.state()).waveform(0, 4);
  const exact = exactPressure(PULSE, 10, wave.t, inflow.at);
  let squares = 0;
  let norm = 0;
  exact.forEach((p, i) => {
    squares += (wave.P[i]! - p) ** 2;
    norm += p * p;
  });
  return { error: Math.sqrt(squares / norm), peak: Math.max(...exact) };
}

describe('scheme', () => {
  it('carries_the_benchmark_pulse_at_second_order', { timeout: 30_000 }, () => {
    const coarse = pulseError(0.01);
    const fine = pulseError(0.005);
    expect(Math.abs(fine.peak / 20.61954 - 1)).toBeLessThan(1e-3);
    expect(coarse.error).toBeLessThan(0.12);
    expect(fine.error).toBeLessThan(0.033);
    expect(Math.log2(coarse.error / fine.error)).toBeGreaterThan(1.6);
  });

  it('damps_a_viscous_pulse_as_the_telegraph_equation_says', { timeout: 30_000 }, () => {
    const mu = 0.004;
    const peakAt = (viscosity: number) => {
      const run = stepper(network([PULSE], gaussianPulse(2), { dx: 0.005 }, { rho: RHO, mu: viscosity }));
      run.run(run.timing.steps);
      const results = new Results(run.state());
      return results.summary(0, 2).pMax / results.summary(0, 1).pMax;
    };
    const wall = wallAt(PULSE, 0);
    const c0 = waveSpeed(wall, wall.rest, { rho: RHO, mu });
    const expected = Math.exp((-4 * Math.PI * mu * 2.5) / (RHO * wall.rest ** 2 * c0));
    expect(peakAt(mu) / peakAt(0)).toBeCloseTo(expected, 2);
  });

  it('keeps_a_tapered_network_at_rest', () => {
    const load = { kind: 'windkessel', r1: 1e8, r2: 1e9, c: 1e-9, pOut: 13_000 } as const;
    const taper = { thickness: undefined, pRef: 10_000, young: 225_000 };
    const vessels = [
      vessel({ ...taper, label: 'parent', length: 0.0744, rProximal: 0.01595, rDistal: 0.01295 }),
      vessel({
        ...taper,
        label: 'left',
        sn: 2,
        tn: 3,
        length: 0.0474,
        rProximal: 0.0067,
        rDistal: 0.0041,
        outlet: load,
      }),
      vessel({
        ...taper,
        label: 'right',
        sn: 2,
        tn: 4,
        length: 0.0096,
        rProximal: 0.01295,
        rDistal: 0.009,
        outlet: load,
      }),
    ];
    const still = { period: 0.2, at: () => 0 };
    const run = stepper(network(vessels, still, { dx: 2e-3, pInitial: 13_000 }, { rho: 1040, mu: 0.004 }));
    run.run(run.timing.steps);
    expect(Math.max(...run.mesh.flow.map(Math.abs))).toBeLessThan(1e-15);
    const summary = new Results(run.state());
    for (const v of [0, 1, 2]) {
      expect(Math.abs(summary.summary(v).pMax - 13_000)).toBeLessThan(1e-7);
      expect(Math.abs(summary.summary(v).pMin - 13_000)).toBeLessThan(1e-7);
    }
  });

  it('keeps_the_wall_law_when_area_and_pressure_are_exchanged', () => {
    const tube = vessel({ pRef: 10_000, rProximal: 0.012, rDistal: 0.009, thickness: undefined });
    const wall = wallAt(tube, 0.3);
    const root = rootAt(tube, wall, 16_000);
    expect(tube.pRef + wall.stiff * (root - wall.rest)).toBeCloseTo(16_000, 8);
    expect(rootAt(tube, wall, tube.pRef) ** 2).toBeCloseTo(Math.PI * 0.0111 ** 2, 12);
  });

  it.each([
    ['cells', { dx: 1e-8 }, 1],
    ['steps', { dx: 1e-5 }, 1e3],
  ])('refuses_a_run_of_far_too_many_%s', (what, solver, period) => {
    const tube = vessel({ outlet: { kind: 'reflection', rt: 0 } });
    expect(() => stepper(network([tube], { period, at: () => 0 }, solver))).toThrow(
      expect.objectContaining({ code: 'ERR_BLOODFLOW_VALUE', message: expect.stringContaining(what) }),
    );
  });
});
