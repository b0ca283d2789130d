import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { BloodflowError } from '../errors.js';
import type { Blood, Network, Outlet, SolverOptions, Vessel } from '../model/network.js';
import { impedanceAt } from '../model/wall.js';
import { type Section, SourceDocument } from './document.js';
import { type InflowFile, readInflow } from './inflow.js';
import { checkTopology } from './topology.js';

// biome-ignore format: one line reads better
const FILE_KEYS = [
  'project_name', 'title', 'inlet_file', 'T', 'output_directory', 'write_results', 'blood', 'solver', 'network',
];
const BLOOD_KEYS = ['rho', 'mu'];
const SOLVER_KEYS = ['Ccfl', 'cycles', 'jump', 'convergence_tolerance', 'dx', 'initial_pressure'];
// biome-ignore format: one line per group reads better
const VESSEL_KEYS = [
  'label', 'sn', 'tn', 'L', 'M', 'E', 'R0', 'Rp', 'Rd', 'Ad', 'h0', 'Pext', 'Pd', 'gamma_profile',
  'R1', 'R2', 'Cc', 'Pout', 'Rt', 'inlet_impedance_matching', 'to_save',
];

/** What a waveform file may hold: pressure, flow, velocity, area. */
export const QUANTITIES = ['P', 'Q', 'u', 'A'] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** A case as its files describe it. */
export interface Case {
  readonly file: string;
  readonly network: Network;
  readonly title: string;
  /** Folder for results that the file asks for, absolute. */
  readonly outputDirectory: string | undefined;
  readonly quantities: readonly Quantity[];
  /** Things that are probably not meant, one sentence each. */
  readonly warnings: readonly string[];
}

/** What the command line says instead of the file. */
export interface Overrides {
  readonly dx?: number | undefined;
  readonly cycles?: number | undefined;
  readonly tolerance?: number | undefined;
}

/**
 * Reads a case: a YAML file with openBF's keys (and ours: `title`, `T`, `Ad`, `Pd`, `Pout`, `solver.dx`,
 * `solver.initial_pressure`) and the inflow file that it names, relative to itself.
 *
 * @throws BloodflowError with the file, line and value of the first thing that is wrong.
 */
export function readCase(file: string, overrides: Overrides = {}): Case {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BloodflowError(
      'FILE',
      `cannot read ${file}: ${(cause as Error).message}.`,
      'Give the path of a YAML file or the name of a shipped case.',
      { cause },
    );
  }
  return parseCase(file, text, overrides);
}

/** As `readCase`, with the text of the YAML file in hand. */
export function parseCase(file: string, text: string, overrides: Overrides = {}): Case {
  const { root } = new SourceDocument(file, text, FILE_KEYS);
  const name = root.string('project_name');
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_. -]*$/u.test(name)) {
    throw root.problem(
      'VALUE',
      'project_name',
      `project_name is '${name}'.`,
      'It names files: use letters, digits, _, . and -.',
    );
  }
  const title = root.string('title', undefined) ?? name;
  const period = root.number('T', { above: 0 }, undefined);
  const outputDirectory = root.string('output_directory', undefined);
  const quantities = root.words('write_results', QUANTITIES, QUANTITIES) as readonly Quantity[];
  const blood = readBlood(root);
  const solver = readSolver(root, overrides);
  const sections = root.sections('network', VESSEL_KEYS);
  const vessels = sections.map((section) => readVessel(section, blood));
  checkTopology(vessels, sections);
  const inlet = readInlet(root, file, period);
  return {
    file,
    title,
    outputDirectory: outputDirectory === undefined ? undefined : resolve(dirname(file), outputDirectory),
    quantities,
    warnings: inlet.warnings,
    network: { name, blood, solver, vessels, inflow: inlet.inflow },
  };
}

function readInlet(root: Section, file: string, period: number | undefined): InflowFile {
  const inletName = root.string('inlet_file');
  const inletFile = resolve(dirname(file), inletName);
  let text: string;
  try {
    text = readFileSync(inletFile, 'utf8');
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw root.problem(
      'INFLOW',
      'inlet_file',
      `cannot read the inflow ${inletName}: ${reason} (${basename(dirname(inletFile))}/).`,
      'inlet_file is relative to the YAML file.',
    );
  }
  return readInflow(inletName, text, period);
}

function readBlood(root: Section): Blood {
  const section = root.section('blood', BLOOD_KEYS);
  if (section === undefined) {
    throw root.problem(
      'MISSING_KEY',
      undefined,
      "the file has no 'blood'.",
      "Give 'blood' with rho (kg/m3) and mu (Pa s).",
    );
  }
  return { rho: section.number('rho', { above: 0 }), mu: section.number('mu', { atLeast: 0 }) };
}

function readSolver(root: Section, overrides: Overrides): SolverOptions {
  const section = root.section('solver', SOLVER_KEYS);
  if (section === undefined) {
    throw root.problem(
      'MISSING_KEY',
      undefined,
      "the file has no 'solver'.",
      "Give 'solver' with at least Ccfl and cycles.",
    );
  }
  const tolerance = section.number('convergence_tolerance', { above: 0 }, 1e-6);
  if (tolerance >= 0.1) {
    throw section.problem(
      'VALUE',
      'convergence_tolerance',
      `solver.convergence_tolerance is ${tolerance}.`,
      'It is relative (RMS change of pressure from cycle to cycle over the largest pressure), not mmHg: use 1e-6, less than 0.1 in any case.',
    );
  }
  return {
    courant: section.number('Ccfl', { above: 0, atMost: 1 }),
    cycles: overrides.cycles ?? section.number('cycles', { integer: true, atLeast: 1, atMost: 1e6 }),
    samples: section.number('jump', { integer: true, atLeast: 2, atMost: 1e5 }, 100),
    tolerance: overrides.tolerance ?? tolerance,
    dx: overrides.dx ?? section.number('dx', { atLeast: 1e-6 }, 1e-3),
    pInitial: section.number('initial_pressure', {}, 12500),
  };
}

function readVessel(section: Section, blood: Blood): Vessel {
  const label = section.string('label');
  const [rProximal, rDistal] = readRadii(section);
  refuseTogether(section, 'Pd', 'Pext');
  const bare: Vessel = {
    label,
    sn: section.number('sn', { integer: true }),
    tn: section.number('tn', { integer: true }),
    length: section.number('L', { above: 0 }),
    rProximal,
    rDistal,
    young: section.number('E', { above: 0 }),
    thickness: section.number('h0', { above: 0 }, undefined),
    pRef: section.number('Pd', {}, undefined) ?? section.number('Pext', {}, 0),
    profile: section.number('gamma_profile', { atLeast: 2 }, 2),
    cells: section.number('M', { integer: true, atLeast: 2, atMost: 1e6 }, undefined),
    outlet: undefined,
    save: section.boolean('to_save', true),
  };
  return { ...bare, outlet: readOutlet(section, bare, blood) };
}

function readRadii(section: Section): [number, number] {
  refuseTogether(section, 'R0', 'Rp');
  refuseTogether(section, 'R0', 'Rd');
  refuseTogether(section, 'R0', 'Ad');
  refuseTogether(section, 'Ad', 'Rp');
  refuseTogether(section, 'Ad', 'Rd');
  if (section.has('Ad')) {
    const r = Math.sqrt(section.number('Ad', { above: 0 }) / Math.PI);
    return [r, r];
  }
  if (section.has('Rp') || section.has('Rd')) {
    return [section.number('Rp', { above: 0 }), section.number('Rd', { above: 0 })];
  }
  if (!section.has('R0')) {
    throw section.problem(
      'MISSING_KEY',
      undefined,
      `${section.path} has no radius.`,
      "Give 'R0', or 'Rp' and 'Rd', or the area 'Ad'.",
    );
  }
  const r = section.number('R0', { above: 0 });
  return [r, r];
}

/**
 * R1, R2, Cc: three-element windkessel. R1, Cc: its total resistance is R1, split into the characteristic impedance of the
 * vessel and the rest. `inlet_impedance_matching` splits R1 + R2 that way. R1 alone: a resistance. Rt: a reflection.
 */
function readOutlet(section: Section, vessel: Vessel, blood: Blood): Outlet | undefined {
  for (const key of ['R1', 'R2', 'Cc', 'Pout', 'inlet_impedance_matching']) {
    refuseTogether(section, 'Rt', key);
  }
  if (section.has('Rt')) {
    return { kind: 'reflection', rt: section.number('Rt', { atLeast: -1, atMost: 1 }) };
  }
  if (!section.has('R1')) {
    for (const key of ['R2', 'Cc', 'Pout', 'inlet_impedance_matching']) {
      if (section.has(key)) {
        throw section.problem(
          'MISSING_KEY',
          key,
          `${section.path} has '${key}' but no 'R1'.`,
          "Give 'R1' too, or leave the outlet out.",
        );
      }
    }
    return undefined;
  }
  const pOut = section.number('Pout', {}, 0);
  const r1 = section.number('R1', { atLeast: 0 });
  const matching = section.boolean('inlet_impedance_matching', false);
  if (!section.has('Cc')) {
    for (const key of ['R2', 'inlet_impedance_matching']) {
      if (section.has(key)) {
        throw section.problem(
          'MISSING_KEY',
          key,
          `${section.path} has '${key}' but no 'Cc'.`,
          "Give 'Cc' too, or leave a single resistance 'R1'.",
        );
      }
    }
    return { kind: 'resistance', r1, pOut };
  }
  const c = section.number('Cc', { above: 0 });
  if (section.has('R2') && !matching) {
    return { kind: 'windkessel', r1, r2: section.number('R2', { above: 0 }), c, pOut };
  }
  const total = r1 + section.number('R2', { above: 0 }, 0);
  const z = impedanceAt(vessel, vessel.length, vessel.pRef, blood);
  if (!(total > z)) {
    throw section.problem(
      'VALUE',
      'R1',
      `${section.path}: the total resistance ${total} Pa s/m3 is not greater than the characteristic impedance ${z.toPrecision(6)} of '${vessel.label}'.`,
      "Raise it, or give 'R1', 'R2' and 'Cc' without inlet_impedance_matching.",
    );
  }
  return { kind: 'windkessel', r1: z, r2: total - z, c, pOut };
}

function refuseTogether(section: Section, a: string, b: string): void {
  if (section.has(a) && section.has(b)) {
    throw section.problem(
      'CONFLICT',
      b,
      `${section.path} has both '${a}' and '${b}'.`,
      'They say the same thing in two ways: keep one.',
    );
  }
}
