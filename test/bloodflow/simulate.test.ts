import { describe, expect, it } from 'vitest';
import { Results } from '../../examples/bloodflow/results.js';
import { type CycleReport, largestChange, RunError, simulate } from '../../examples/bloodflow/simulate.js';
import { constantFlow, gaussianPulse, network, stepper, vessel } from './support.js';

const load = { kind: 'windkessel', r1: 1.5e8, r2: 1e9, c: 1e-10, pOut: 0 } as const;
const CAROTID = vessel({
  label: 'carotid',
  length: 0.1,
  rProximal: 0.003,
  rDistal: 0.0025,
  young: 7e5,
  thickness: 3e-4,
  pRef: 10_000,
  outlet: load,
});
const beat = { period: 0.8, at: (t: number) => 6e-6 * (1 + 0.5 * Math.sin((2 * Math.PI * t) / 0.8)) };
const blood = { rho: 1060, mu: 0.004 };
const settings = { pInitial: 9000, dx: 4e-3, samples: 50 };

async function errorOf(run: Promise<unknown>): Promise<RunError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RunError);
  return error as RunError;
}

describe('simulate', () => {
  it('runs_until_periodic_and_reports_every_cycle', async () => {
    const reports: CycleReport[] = [];
    const run = await simulate(network([CAROTID], beat, { ...settings, cycles: 50 }, blood), {
      onCycle: (report) => reports.push(report),
    });
    expect(run.stop).toBe('periodic');
    expect(reports.map((report) => report.cycle)).toEqual(reports.map((_, k) => k + 1));
    expect(reports[0]!.change).toBeUndefined();
    expect(reports.at(-1)!.change).toBeLessThan(1e-6);
    expect(reports.at(-1)!.worst).toBe('carotid');
    expect(reports.at(-1)!.steps).toBe(reports.at(-2)!.steps);
    const results = new Results(run);
    expect(results.massBalance().imbalance).toBeLessThan(1e-6);
    expect(results.summary(0, 4).pMean).toBeCloseTo((load.r1 + load.r2) * 6e-6, 0);
  });

  it('takes_longer_steps_once_it_has_seen_the_waves', async () => {
    const run = await simulate(network([CAROTID], beat, { ...settings, cycles: 4 }, blood));
    const [first, , third, fourth] = run.cycles;
    expect(run.stop).toBe('cycles');
    expect(third!.steps).toBeLessThan(first!.steps);
    expect(fourth!.steps).toBe(third!.steps);
    expect(fourth!.courant).toBeGreaterThan(0.75);
    expect(fourth!.courant).toBeLessThanOrEqual(0.9);
  });

  it('computes_what_the_plain_functions_compute_bit_for_bit', async () => {
    const net = network([CAROTID], beat, { ...settings, cycles: 1 }, blood);
    const run = await simulate(net);
    const plain = stepper(net);
    plain.run(plain.timing.steps);
    expect(run.waveforms).toEqual(plain.mesh.waveforms);
    expect(run.stats).toEqual(plain.mesh.stats);
    expect(run.mesh.area).toEqual(plain.mesh.area);
  });

  it('names_the_vessel_and_time_of_a_step_that_is_too_long', async () => {
    const tubes = [
      vessel({ length: 2 }),
      vessel({ label: 'far', sn: 2, tn: 3, outlet: { kind: 'reflection', rt: 0 } }),
    ];
    const error = await errorOf(simulate(network(tubes, gaussianPulse(0.5, 4e-3))));
    expect(error.code).toBe('ERR_BLOODFLOW_CFL');
    expect(error.message).toMatch(
      /Courant number in 'tube' became 1\.\d+ at t = 0\.\d+ s of cycle 1.*Lower solver\.Ccfl to 0\.\d+/,
    );
    expect(error.finished).toBeUndefined();
  });

  it('names_the_vessel_and_time_of_a_collapse_and_keeps_the_cycles_before', async () => {
    let layouts = 0;
    let before = Number.POSITIVE_INFINITY;
    const failing = {
      period: 0.3,
      at(t: number) {
        // A period is laid out from its start to its end; the second one brings the collapse.
        if (t < before) layouts++;
        before = t;
        return layouts < 2 ? 1e-5 : -0.1;
      },
    };
    const tube = vessel({ outlet: { kind: 'reflection', rt: 0 } });
    const error = await errorOf(simulate(network([tube], failing, { cycles: 5 })));
    expect(['ERR_BLOODFLOW_NOT_FINITE', 'ERR_BLOODFLOW_CFL']).toContain(error.code);
    expect(error.message).toMatch(/'tube'.* at t = 0\.\d+ s of cycle 2/);
    expect(error.finished?.cycles).toHaveLength(1);
  });

  it('stops_when_it_is_told_to', { timeout: 20_000 }, async () => {
    const abort = new AbortController();
    const tubes = [vessel({ length: 20, outlet: { kind: 'reflection', rt: 0 } })];
    const run = simulate(network(tubes, constantFlow(1000, 1e-6), { cycles: 100 }), { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    const begin = performance.now();
    const error = await errorOf(run);
    expect(error.code).toBe('ERR_BLOODFLOW_ABORTED');
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('measures_the_change_where_it_is_largest', () => {
    const run = stepper(network([CAROTID, { ...CAROTID, label: 'b', sn: 2, tn: 3 }], beat, settings, blood));
    const before = run.mesh.waveforms.map(() => 100);
    const after = before.slice();
    const mid = 2 * (5 + 2) * 50;
    for (let i = mid; i < mid + 50; i++) after[i] = 101;
    const { value, vessel: where } = largestChange(run.mesh, before, after);
    expect(where).toBe(1);
    expect(value).toBeCloseTo(1 / 101, 12);
  });
});
