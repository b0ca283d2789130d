import { describe, expect, it } from 'vitest';
import { readCase } from '../../examples/bloodflow/input/case.js';
import type { Network } from '../../examples/bloodflow/model/network.js';
import { findCase, shippedCases } from '../../examples/bloodflow/paths.js';
import { checkReference } from '../../examples/bloodflow/reference.js';
import { Results } from '../../examples/bloodflow/results.js';
import { stepper } from './support.js';

const load = (name: string, dx?: number) => readCase(findCase(name).file, { dx });

/** Plain JS from rest for a number of whole cycles. */
function cycles(network: Network, count: number): Results {
  const run = stepper(network);
  for (let cycle = 0; cycle < count; cycle++) run.run(run.timing.steps);
  expect(run.mesh.stop[0]).toBe(0);
  return new Results(run.state());
}

describe('shipped cases', () => {
  it('are_read_without_warnings', () => {
    const sizes = shippedCases().map((name) => [name, load(name).network.vessels.length]);
    expect(Object.fromEntries(sizes)).toEqual({
      adan56: 77,
      cca: 1,
      circle_of_willis: 33,
      ibif: 3,
      single_pulse: 1,
      uta: 1,
    });
    for (const name of shippedCases()) expect(load(name).warnings).toEqual([]);
  });

  it('carotid_meets_the_reference_and_conserves_mass', { timeout: 30_000 }, () => {
    const results = cycles(load('cca').network, 10);
    const check = checkReference('cca', results);
    expect(check?.errors.filter(({ value, mark }) => !(value <= mark))).toEqual([]);
    expect(check?.passed).toBe(true);
    expect(results.massBalance().imbalance).toBeLessThan(1e-8);
    const { outlet } = results.vessels[0]!;
    const end = results.summary(0, 4);
    const resistance = outlet?.kind === 'windkessel' ? outlet.r1 + outlet.r2 : Number.NaN;
    expect(end.pMean / (resistance * end.qMean)).toBeCloseTo(1, 5);
  });

  it('a_carotid_with_a_flat_velocity_profile_fails_the_reference', { timeout: 30_000 }, () => {
    const { network } = load('cca');
    const flat = { ...network, vessels: network.vessels.map((vessel) => ({ ...vessel, profile: 9 })) };
    expect(checkReference('cca', cycles(flat, 8))?.passed).toBe(false);
  });

  it.each([
    ['uta', 22, 103.085],
    ['ibif', 28, 7.9853],
  ])('%s keeps the mean inflow', { timeout: 30_000 }, (name, count, mean) => {
    const results = cycles(load(name, 4e-3).network, count);
    const { inflow, imbalance } = results.massBalance();
    expect(inflow * 1e6).toBeCloseTo(mean, 3);
    expect(imbalance).toBeLessThan(1e-5);
  });

  it('a_coarse_circle_of_willis_is_near_its_reference', { timeout: 60_000 }, () => {
    const results = cycles(load('circle_of_willis', 8e-3).network, 8);
    const check = checkReference('circle_of_willis', results);
    expect(results.massBalance().imbalance).toBeLessThan(2e-3);
    const [pressure, meanFlow] = check!.errors;
    expect(pressure!.value).toBeLessThan(1e-2);
    expect(meanFlow!.value).toBeLessThan(1e-2);
  });
});
