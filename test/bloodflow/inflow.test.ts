import { describe, expect, it } from 'vitest';
import { readInflow } from '../../examples/bloodflow/input/inflow.js';

const read = (text: string, period?: number) => readInflow('flow.csv', text, period);

describe('inflow', () => {
  it('interpolates_a_table_linearly_and_takes_its_last_time_as_the_period', () => {
    const { inflow } = read('# comment\nt_s,Q_m3s\n0, 1e-6\n0.5, 3e-6\n\n2, 1e-6\n');
    expect(inflow.period).toBe(2);
    const expected = [1e-6, 2e-6, 3e-6, 2e-6, 1e-6];
    [0, 0.25, 0.5, 1.25, 2].forEach((t, i) => {
      expect(inflow.at(t)).toBeCloseTo(expected[i]!, 15);
    });
  });

  it('sums_a_fourier_series', () => {
    const { inflow } = read('k,a_m3s,phi_rad\n0,2e-6,0\n1,1e-6,0.5\n3,4e-7,-1\n', 1.1);
    const t = 0.37;
    const w = (2 * Math.PI) / 1.1;
    expect(inflow.at(t)).toBeCloseTo(2e-6 + 1e-6 * Math.sin(w * t + 0.5) + 4e-7 * Math.sin(3 * w * t - 1), 15);
  });

  it.each([
    ['no rows', '', /0 line/],
    ['one row', '0 0\n', /1 line/],
    ['three columns', '0 0 0\n1 0 0\n', /:1: 3 columns/],
    ['a word', '0 0\n0.5 fast\n1 0\n', /:2: 'fast' is not a finite number/],
    ['NaN', '0 0\n0.5 NaN\n1 0\n', /:2: 'NaN'/],
    ['NaN in the first row', 'NaN 0\n1 0\n', /:1: 'NaN'/],
    ['infinity', '0 0\n0.5 1e999\n1 0\n', /:2: '1e999'/],
    ['times that fall', '0 0\n0.5 1e-6\n0.4 1e-6\n1 0\n', /:3: time 0\.4 s follows 0\.5 s/],
    ['a time twice', '0 0\n0.5 1e-6\n0.5 2e-6\n1 0\n', /:3: time 0\.5 s follows 0\.5 s/],
    ['a late start', '0.1 0\n1 0\n', /first time is 0\.1/],
    ['a Fourier series without a period', 'k,a,phi\n0,1e-6,0\n', /period/],
    ['half a harmonic', 'k,a,phi\n0.5,1e-6,0\n', /harmonic 0\.5/],
    ['no harmonics', 'k,a,phi\n', /no terms/],
  ])('refuses %s', (name, text, message) => {
    const period = name.includes('harmonic') ? 1 : undefined;
    expect(() => read(text, period)).toThrow(
      expect.objectContaining({ code: 'ERR_BLOODFLOW_INFLOW', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ['millilitres', '0 0\n0.5 80\n1 0\n', /mL\/s/],
    ['a jump at the seam', '0 0\n0.5 1e-5\n1 9e-6\n', /jumps/],
    ['a damaged exponent', '0 0\n0.3 -2.1e-55\n0.5 1e-5\n1 0\n', /:2: .*damaged exponent/],
  ])('warns of %s', (_, text, message) => {
    expect(read(text).warnings.join('\n')).toMatch(message);
  });
});
