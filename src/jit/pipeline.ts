import type { Acquired } from './acquire.js';
import { type ArgumentClass, isElementKind } from './bind.js';
import { checkProgram } from './check.js';
import { type Generated, generateKernel } from './generate.js';
import { inferTypes, returnKind } from './infer.js';
import type { Program } from './ir.js';
import { type Environment, lowerProgram } from './lower.js';
import { markIndependentLoops } from './simd.js';
import { BOOL, DOUBLE } from './types.js';
import { versionLoops } from './version.js';

/** The model of a function before any transformation: what the interpreter runs. */
export function modelKernel(source: Acquired, classes: readonly ArgumentClass[], env: Environment): Program {
  const program = lowerProgram(source, classes, env);
  checkProgram(program);
  return program;
}

/** Versions loops, finds independent ones, infers types; changes `program`. */
export function analyseProgram(program: Program, classes: readonly ArgumentClass[]): void {
  versionLoops(program);
  markIndependentLoops(program);
  checkProgram(program);
  const scalars = classes.filter((cls) => !isElementKind(cls)).map((cls) => (cls === 'boolean' ? BOOL : DOUBLE));
  inferTypes(program, scalars);
}

/** Everything from a parsed function to C. */
export function translate(
  source: Acquired,
  classes: readonly ArgumentClass[],
  env: Environment,
): Generated & { readonly returns: 'void' | 'number' | 'boolean' } {
  const program = modelKernel(source, classes, env);
  analyseProgram(program, classes);
  return { ...generateKernel(program), returns: returnKind(program) };
}
