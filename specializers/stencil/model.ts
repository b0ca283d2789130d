import type * as acorn from 'acorn';
import type { Acquired } from '../../src/jit/acquire.js';
import { checkProgram } from '../../src/jit/check.js';
import { type GridAccess, ProgramBuilder } from '../../src/jit/context.js';
import { Rejection } from '../../src/jit/diagnostics.js';
import { inferTypes } from '../../src/jit/infer.js';
import { type IRFunction, newVariable, type Program, type Variable } from '../../src/jit/ir.js';
import { finish } from '../../src/jit/lift.js';
import { type Environment, environmentScope, lowerFunction } from '../../src/jit/lower.js';
import { BOOL, DOUBLE } from '../../src/jit/types.js';

/** One value that the function reads: a grid, at an offset. */
export interface Access {
  readonly grid: number;
  readonly offsets: readonly number[];
  readonly variable: Variable;
}

/** One output of the stencil as a function of scalars and of the values around a point. */
export interface PointFunction {
  readonly program: Program;
  readonly accesses: readonly Access[];
}

/** The whole stencil: one point function per output, and how far they reach along each axis. */
export interface StencilModel {
  readonly outputs: readonly PointFunction[];
  readonly reach: readonly number[];
}

/**
 * Builds the model of a stencil function.
 *
 * Reads of grids become parameters of a pure function of numbers: the same model, inference and printer as for kernels
 * then serve stencils.
 *
 * @param kinds per parameter `gridN`, `number` or `boolean`.
 * @throws Rejection (phase `model`) at the first construct that cannot be compiled.
 */
export function modelStencil(
  source: Acquired,
  kinds: readonly string[],
  outputs: number,
  rank: number,
  env: Environment,
): StencilModel {
  const functions = Array.from({ length: outputs }, (_, k) =>
    pointFunction(selectOutput(source, k, outputs), kinds, rank, env),
  );
  const reach = Array.from({ length: rank }, () => 0);
  for (const { accesses } of functions) {
    for (const { offsets } of accesses)
      offsets.forEach((d, axis) => {
        reach[axis] = Math.max(reach[axis] as number, Math.abs(d));
      });
  }
  return { outputs: functions, reach };
}

function pointFunction(source: Acquired, kinds: readonly string[], rank: number, env: Environment): PointFunction {
  const accesses = new Map<string, Access>();
  const access: GridAccess = (owner, reader, grid, offsets, at) => {
    if (offsets.length !== rank) {
      throw new Rejection('model', `a grid is read with ${offsets.length} offsets, but it has ${rank} axes`, at);
    }
    const key = `${grid}:${offsets.join()}`;
    let found = accesses.get(key);
    if (found === undefined) {
      const name = source.paramNames[kinds.indexOf(`grid${grid}`)] as string;
      const variable = newVariable(owner, `${name}_${offsets.map((d) => (d < 0 ? `m${-d}` : `p${d}`)).join('_')}`);
      variable.constant = true;
      found = { grid, offsets, variable };
      accesses.set(key, found);
      owner.params.push({ kind: 'scalar', variable });
    }
    if (reader !== owner) found.variable.captured = true;
    return { op: 'var', variable: found.variable };
  };
  const builder = new ProgramBuilder(access);
  const local = {
    ...source,
    helper: undefined,
    scope: environmentScope(env),
    instances: new Map<string, IRFunction>(),
  };
  const lowered = lowerFunction(
    builder,
    local,
    kinds.map((k) => (k.startsWith('grid') ? k : 's')),
    new Set(),
  );
  const program = finish(lowered, builder.functions);
  checkProgram(program);
  if (lowered.result === undefined) throw new Rejection('model', 'the stencil returns nothing', { line: 1, column: 0 });
  if (!lowered.pure)
    throw new Rejection('model', 'the stencil function has effects or recursion', { line: 1, column: 0 });
  const scalars = kinds.filter((k) => !k.startsWith('grid')).map((k) => (k === 'boolean' ? BOOL : DOUBLE));
  inferTypes(program, scalars);
  return { program, accesses: [...accesses.values()] };
}

/** The function with every `return [a, b, ...]` replaced by `return` of one of them. */
function selectOutput(source: Acquired, output: number, outputs: number): Acquired {
  const pick = (value: acorn.Expression): acorn.Expression => {
    if (value.type === 'ParenthesizedExpression') return pick(value.expression);
    if (value.type !== 'ArrayExpression') {
      if (outputs === 1) return value;
      throw new Rejection('model', `the stencil has ${outputs} outputs, but returns one value`, value.loc?.start);
    }
    const element = value.elements[output];
    if (value.elements.length !== outputs || element == null || element.type === 'SpreadElement') {
      throw new Rejection(
        'model',
        `the stencil returns ${value.elements.length} values for ${outputs} outputs`,
        value.loc?.start,
      );
    }
    return element;
  };
  const copy = (n: unknown, nested: boolean): unknown => {
    if (Array.isArray(n)) return n.map((x) => copy(x, nested));
    if (typeof n !== 'object' || n === null) return n;
    const node = n as acorn.AnyNode;
    const inner = nested || /Function/.test(node.type ?? '');
    const made = Object.fromEntries(Object.entries(node).map(([k, v]) => [k, k === 'loc' ? v : copy(v, inner)]));
    if (node.type === 'ReturnStatement' && !nested && node.argument != null)
      made.argument = copy(pick(node.argument), true);
    return made;
  };
  const { node } = source;
  const isExpression = node.body.type !== 'BlockStatement';
  const body = isExpression ? pick(node.body as acorn.Expression) : copy(node.body as acorn.BlockStatement, false);
  return { ...source, node: { ...node, body } as acorn.Function };
}
