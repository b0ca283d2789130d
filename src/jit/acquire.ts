import * as acorn from 'acorn';
import type { SourcePosition } from '../errors.js';
import { Rejection } from './diagnostics.js';
import { unbundle } from './unbundle.js';

/** A function of the user, parsed. Positions of `node` are relative to `text`, which starts at the function itself. */
export interface Acquired {
  readonly name: string;
  readonly text: string;
  readonly node: acorn.Function;
  readonly paramNames: readonly string[];
  /** Added to columns of the first line of `node` to undo the wrapper that the parser needed. */
  readonly columnShift: number;
}

/** Anything that the parser gave a place. */
export interface Located {
  loc?: acorn.SourceLocation | null | undefined;
}

interface Form {
  readonly prefix: string;
  readonly suffix: string;
  find(expression: acorn.AnyNode): acorn.AnyNode | undefined;
}

/** The shapes that `fn.toString()` can have: an expression, a method of an object, a method of a class. */
const FORMS: readonly Form[] = [
  { prefix: '(', suffix: '\n)', find: (e) => e },
  {
    prefix: '({',
    suffix: '\n})',
    find: (e) => {
      const property = e.type === 'ObjectExpression' ? e.properties[0] : undefined;
      return property?.type === 'Property' && property.kind === 'init' ? property.value : undefined;
    },
  },
  {
    prefix: '(class{',
    suffix: '\n})',
    find: (e) => {
      const member = e.type === 'ClassExpression' ? e.body.body[0] : undefined;
      return member?.type === 'MethodDefinition' && member.kind === 'method' ? member.value : undefined;
    },
  },
];

const COVERAGE = /\bcov_[0-9a-zA-Z]+\s*\(\s*\)|__coverage__|_\$jscoverage/;

/**
 * Reads a function's own source text and parses it.
 *
 * @throws Rejection (phase `acquire`) for native and bound functions, classes, async functions, generators, accessors,
 *         text that a coverage tool has rewritten, and parameters that are not plain names.
 */
export function acquire(fn: (...args: never[]) => unknown): Acquired {
  const text = Function.prototype.toString.call(fn);
  const name = fn.name || 'anonymous';
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    const what = fn.name.startsWith('bound ') ? 'a bound function' : 'a native function';
    throw new Rejection('acquire', `\`${name}\` is ${what} and has no source text; pass the function itself`);
  }
  const instrumented = COVERAGE.exec(text);
  if (instrumented !== null) {
    throw new Rejection(
      'acquire',
      `the text of \`${name}\` was rewritten by a coverage tool (\`${instrumented[0]}\`); use V8 coverage, which leaves source intact`,
      positionAt(text, instrumented.index),
    );
  }
  const { node, columnShift } = parse(name, text);
  const at = (n: Located): SourcePosition => positionOf(n, columnShift);
  if (node.async) throw new Rejection('acquire', `\`${name}\` is async; a kernel runs to its end at once`, at(node));
  if (node.generator) throw new Rejection('acquire', `\`${name}\` is a generator; a kernel returns once`, at(node));
  const paramNames = node.params.map((param) => {
    if (param.type !== 'Identifier') {
      throw new Rejection('acquire', `a parameter of \`${name}\` is not a plain name (${describe(param)})`, at(param));
    }
    return param.name;
  });
  return { name, text, node, paramNames, columnShift };
}

/** The position of a node inside the function's text. */
export function positionOf(node: Located, columnShift: number): SourcePosition {
  const { line, column } = (node.loc as acorn.SourceLocation).start;
  return { line, column: line === 1 ? Math.max(0, column + columnShift) : column };
}

function parse(name: string, text: string): { node: acorn.Function; columnShift: number } {
  let failure: { message: string; position: SourcePosition } | undefined;
  for (const form of FORMS) {
    let expression: acorn.AnyNode;
    try {
      const source = form.prefix + text + form.suffix;
      const statement = acorn.parse(source, { ecmaVersion: 2022, locations: true, sourceType: 'script' }).body[0];
      if (statement?.type !== 'ExpressionStatement') continue;
      expression = statement.expression;
    } catch (error) {
      const loc = (error as { loc?: SourcePosition }).loc ?? { line: 1, column: 0 };
      const column = loc.line === 1 ? Math.max(0, loc.column - form.prefix.length) : loc.column;
      const message = (error as Error).message.replace(/ \(\d+:\d+\)$/, '');
      if (failure === undefined || later(loc, failure.position)) failure = { message, position: { ...loc, column } };
      continue;
    }
    const found = form.find(expression);
    if (found === undefined) continue;
    if (found.type === 'FunctionExpression' || found.type === 'ArrowFunctionExpression') {
      return { node: unbundle(found), columnShift: -form.prefix.length };
    }
    if (found.type === 'ClassExpression') {
      throw new Rejection('acquire', `\`${name}\` is a class; a kernel is a function`, { line: 1, column: 0 });
    }
  }
  throw new Rejection(
    'acquire',
    `the text of \`${name}\` is not a function that can be parsed (${failure?.message ?? 'an accessor'})`,
    failure?.position ?? { line: 1, column: 0 },
  );
}

function later(a: SourcePosition, b: SourcePosition): boolean {
  return a.line > b.line || (a.line === b.line && a.column > b.column);
}

function describe(param: acorn.Pattern): string {
  switch (param.type) {
    case 'AssignmentPattern':
      return 'a default value';
    case 'RestElement':
      return 'a rest parameter';
    default:
      return 'destructuring';
  }
}

function positionAt(text: string, index: number): SourcePosition {
  const before = text.slice(0, index).split('\n');
  return { line: before.length, column: (before[before.length - 1] as string).length };
}
