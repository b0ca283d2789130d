import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BloodflowError } from '../../examples/bloodflow/errors.js';
import { parseCase, readCase } from '../../examples/bloodflow/input/case.js';
import { wallAt, waveSpeed } from '../../examples/bloodflow/model/wall.js';

const folder = mkdtempSync(join(tmpdir(), 'bloodflow-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'flow.dat'), '0 0\n0.1 1e-5\n0.8 0\n');
const FILE = join(folder, 'case.yaml');

const GOOD = `project_name: demo
inlet_file: flow.dat

blood:
  rho: 1060.0
  mu: 0.004

solver:
  Ccfl: 0.9
  cycles: 100
  jump: 50
  convergence_tolerance: 1.0e-6

network:
  - label: parent
    sn: 1
    tn: 2
    L: 0.086
    R0: 0.0086
    h0: 0.001
    E: 500.0e3
    Pext: 9465.9
    gamma_profile: 9
  - label: left
    sn: 2
    tn: 3
    L: 0.085
    Rp: 0.006
    Rd: 0.005
    E: 700.0e3
    R1: 6.8e7
    R2: 3.1e9
    Cc: 3.7e-10
  - label: right
    sn: 2
    tn: 4
    L: 0.085
    Ad: 1.131e-4
    Pd: 9465.9
    h0: 0.00072
    E: 700.0e3
    Rt: -0.2
    to_save: false
`;

function errorOf(text: string): BloodflowError {
  try {
    parseCase(FILE, text);
  } catch (error) {
    expect(error).toBeInstanceOf(BloodflowError);
    return error as BloodflowError;
  }
  throw new Error('the case was accepted');
}

/** The good case with one line (or several) changed; the line must exist. */
function changed(from: string, to: string): string {
  expect(GOOD).toContain(from);
  return GOOD.replace(from, to);
}

describe('input', () => {
  it('reads_openbf_keys_and_ours', () => {
    const { network, quantities, warnings } = parseCase(FILE, GOOD);
    expect(network.name).toBe('demo');
    expect(network.inflow.period).toBe(0.8);
    expect(network.inflow.at(0.05)).toBeCloseTo(5e-6, 12);
    expect(network.solver).toMatchObject({
      courant: 0.9,
      cycles: 100,
      samples: 50,
      tolerance: 1e-6,
      dx: 1e-3,
      pInitial: 12500,
    });
    expect(quantities).toEqual(['P', 'Q', 'u', 'A']);
    expect(warnings).toEqual([]);
    const [parent, left, right] = network.vessels;
    expect(parent).toMatchObject({
      young: 500e3,
      rProximal: 0.0086,
      rDistal: 0.0086,
      pRef: 9465.9,
      profile: 9,
      thickness: 0.001,
    });
    expect(left).toMatchObject({ rProximal: 0.006, rDistal: 0.005, thickness: undefined, profile: 2, pRef: 0 });
    expect(left!.outlet).toEqual({ kind: 'windkessel', r1: 6.8e7, r2: 3.1e9, c: 3.7e-10, pOut: 0 });
    expect(Math.PI * right!.rProximal ** 2).toBeCloseTo(1.131e-4, 12);
    expect(right).toMatchObject({ pRef: 9465.9, outlet: { kind: 'reflection', rt: -0.2 }, save: false });
  });

  it('reads_700.0e3_as_a_number_in_yaml_1.1_too', () => {
    const { network } = parseCase(FILE, `%YAML 1.1\n---\n${GOOD}`);
    expect(network.vessels[1]!.young).toBe(700e3);
  });

  it('splits_a_total_resistance_into_impedance_and_rest_without_adding_to_it', () => {
    const two = parseCase(FILE, changed('    R1: 6.8e7\n    R2: 3.1e9\n', '    R1: 3.0e9\n')).network;
    const total = 6.8e7 + 3.1e9;
    const matched = parseCase(
      FILE,
      changed('    Cc: 3.7e-10', '    Cc: 3.7e-10\n    inlet_impedance_matching: true'),
    ).network;
    const left = matched.vessels[1]!;
    const wall = wallAt(left, left.length);
    const z = (1060 * waveSpeed(wall, wall.rest, matched.blood)) / wall.rest ** 2;
    expect(left.outlet).toMatchObject({ kind: 'windkessel' });
    const sum = (outlet: typeof left.outlet) =>
      outlet?.kind === 'windkessel' ? [outlet.r1, outlet.r1 + outlet.r2] : [];
    expect(sum(left.outlet)[0]).toBeCloseTo(z, -3);
    expect(sum(left.outlet)[1]).toBeCloseTo(total, -3);
    expect(sum(two.vessels[1]!.outlet)[0]).toBeCloseTo(z, -3);
    expect(sum(two.vessels[1]!.outlet)[1]).toBeCloseTo(3.0e9, -3);
  });

  it('lets_the_command_line_override_mesh_cycles_and_tolerance', () => {
    const { network } = parseCase(FILE, GOOD, { dx: 4e-3, cycles: 3, tolerance: 1e-3 });
    expect(network.solver).toMatchObject({ dx: 4e-3, cycles: 3, tolerance: 1e-3 });
  });

  it.each([
    // what is changed, into what, code, what the message must say
    [
      'an unknown key at the top',
      'project_name: demo',
      'projectname: demo',
      'UNKNOWN_KEY',
      /case\.yaml:1:1: unknown key 'projectname'.*Did you mean 'project_name'/,
    ],
    [
      'a key with a space',
      '    gamma_profile: 9',
      '    gamma profile: 9',
      'UNKNOWN_KEY',
      /case\.yaml:23:5: unknown key 'gamma profile' in network\[0\].*Did you mean 'gamma_profile'/,
    ],
    [
      'an unknown key of a vessel',
      '    h0: 0.001\n',
      '    thickness: 0.001\n',
      'UNKNOWN_KEY',
      /'thickness'.*Known are: label/,
    ],
    ['an unknown key of the solver', '  jump: 50', '  jmup: 50', 'UNKNOWN_KEY', /Did you mean 'jump'/],
    ['no project name', 'project_name: demo\n', '', 'MISSING_KEY', /'project_name'/],
    ['a project name that is a path', 'project_name: demo', 'project_name: ../demo', 'VALUE', /'\.\.\/demo'/],
    ['no blood', 'blood:\n  rho: 1060.0\n  mu: 0.004\n', '', 'MISSING_KEY', /'blood'/],
    ['no viscosity', '  mu: 0.004\n', '', 'MISSING_KEY', /blood has no 'mu'/],
    ['a negative viscosity', 'mu: 0.004', 'mu: -0.004', 'VALUE', /blood\.mu is -0\.004.*at least 0/],
    ['a density of zero', 'rho: 1060.0', 'rho: 0', 'VALUE', /blood\.rho is 0.*greater than 0/],
    ['NaN', 'rho: 1060.0', 'rho: .nan', 'VALUE', /blood\.rho is NaN.*finite/],
    ['infinity', '    L: 0.086', '    L: .inf', 'VALUE', /network\[0\]\.L is Infinity/],
    ['a text for a number', '    L: 0.086', '    L: long', 'TYPE', /network\[0\]\.L is the text 'long'/],
    ['a quoted number', '    L: 0.086', "    L: '0.086'", 'TYPE', /the text '0\.086'/],
    ['a number with a unit', '    L: 0.086', '    L: 86 mm', 'TYPE', /'86 mm'/],
    ['an empty value', '    L: 0.086', '    L:', 'TYPE', /network\[0\]\.L is empty/],
    ['a list for a number', '    L: 0.086', '    L: [0.086]', 'TYPE', /a list of 1/],
    ['a number for a label', '- label: parent', '- label: 12', 'TYPE', /network\[0\]\.label is 12/],
    ['a fractional node', '    sn: 1', '    sn: 1.5', 'VALUE', /network\[0\]\.sn is 1\.5.*whole/],
    ['a negative length', '    L: 0.086', '    L: -0.086', 'VALUE', /-0\.086/],
    ['a negative modulus', '    E: 500.0e3', '    E: -500.0e3', 'VALUE', /-500000/],
    ['a Courant number above 1', 'Ccfl: 0.9', 'Ccfl: 1.5', 'VALUE', /solver\.Ccfl is 1\.5.*at most 1/],
    ['no Courant number', '  Ccfl: 0.9\n', '', 'MISSING_KEY', /'Ccfl'/],
    ['half a cycle', 'cycles: 100', 'cycles: 0.5', 'VALUE', /solver\.cycles is 0\.5/],
    ['a tolerance in mmHg', 'tolerance: 1.0e-6', 'tolerance: 1.0', 'VALUE', /not mmHg/],
    ['one cell', '    L: 0.086', '    L: 0.086\n    M: 1', 'VALUE', /network\[0\]\.M is 1/],
    ['a reflection above 1', 'Rt: -0.2', 'Rt: -1.2', 'VALUE', /-1\.2.*at least -1/],
    ['a profile below 2', 'gamma_profile: 9', 'gamma_profile: 1', 'VALUE', /gamma_profile is 1/],
    ['no radius', '    R0: 0.0086\n', '', 'MISSING_KEY', /network\[0\] has no radius/],
    ['half a taper', '    Rd: 0.005\n', '', 'MISSING_KEY', /network\[1\] has no 'Rd'/],
    ['two radii', '    Ad: 1.131e-4', '    Ad: 1.131e-4\n    R0: 0.006', 'CONFLICT', /'Ad'|'R0'/],
    ['two reference pressures', '    Pd: 9465.9', '    Pd: 9465.9\n    Pext: 0', 'CONFLICT', /'Pd' and 'Pext'/],
    ['two outlets', '    Rt: -0.2', '    Rt: -0.2\n    R1: 1e8', 'CONFLICT', /'Rt' and 'R1'/],
    ['a compliance alone', '    R1: 6.8e7\n    R2: 3.1e9\n', '', 'MISSING_KEY', /'Cc' but no 'R1'/],
    ['a distal resistance without compliance', '    Cc: 3.7e-10\n', '', 'MISSING_KEY', /'R2' but no 'Cc'/],
    [
      'a total resistance below the impedance',
      '    R1: 6.8e7\n    R2: 3.1e9',
      '    R1: 1.0e3',
      'VALUE',
      /total resistance 1000/,
    ],
    [
      'equal labels',
      '- label: right',
      '- label: left',
      'DUPLICATE_LABEL',
      /network\[2\] and network\[1\] are both called 'left'/,
    ],
    ['a vessel from a node to itself', '    tn: 3', '    tn: 2', 'VALUE', /'left' starts and ends at node 2/],
    [
      'a part by itself',
      '    sn: 2\n    tn: 4',
      '    sn: 7\n    tn: 4',
      'DISCONNECTED',
      /'right' \(nodes 7 and 4\) cannot be reached from 'parent'/,
    ],
    ['a second inlet', '    sn: 2\n    tn: 4', '    sn: 7\n    tn: 3', 'INLET', /'parent' \(sn 1\), 'right' \(sn 7\)/],
    ['no inlet', '    sn: 1\n    tn: 2', '    sn: 4\n    tn: 2', 'INLET', /no inlet/],
    ['a missing outlet', '    Rt: -0.2\n', '', 'OUTLET', /'right' ends at node 4.*no outlet/],
    ['an outlet inside', '    gamma_profile: 9', '    Rt: 0', 'OUTLET', /'parent' has an outlet, but/],
    ['no vessels', GOOD.slice(GOOD.indexOf('network:')), 'network: []\n', 'TYPE', /network is a list of 0/],
    [
      'a vessel that is a word',
      '  - label: parent',
      '  - oops\n  - label: parent',
      'TYPE',
      /network\[0\] is the text 'oops'/,
    ],
    ['a missing inflow file', 'flow.dat', 'flaw.dat', 'INFLOW', /flaw\.dat: there is no such file/],
    [
      'a wrong period',
      'inlet_file: flow.dat',
      'inlet_file: flow.dat\nT: 1.0',
      'INFLOW',
      /ends at 0\.8 s, but T is 1 s/,
    ],
    ['an unknown quantity', 'inlet_file: flow.dat', 'inlet_file: flow.dat\nwrite_results: [P, W]', 'VALUE', /'W'/],
    ['a key given twice', '    L: 0.086', '    L: 0.086\n    L: 0.087', 'YAML', /case\.yaml:\d+:\d+.*unique/],
    ['broken YAML', 'blood:', 'blood: [', 'YAML', /case\.yaml:\d+/],
  ] as const)('refuses %s', (_, from, to, code, message) => {
    const error = errorOf(changed(from, to));
    expect(error.code).toBe(`ERR_BLOODFLOW_${code}`);
    expect(error.message).toMatch(message);
    expect(error.advice.length).toBeGreaterThan(10);
  });

  it('refuses_a_file_that_is_not_there_or_not_a_mapping', () => {
    expect(() => readCase(join(folder, 'nothing.yaml'))).toThrow(
      expect.objectContaining({ code: 'ERR_BLOODFLOW_FILE' }),
    );
    expect(errorOf('- 1\n').code).toBe('ERR_BLOODFLOW_YAML');
    expect(errorOf('').code).toBe('ERR_BLOODFLOW_YAML');
  });
});
