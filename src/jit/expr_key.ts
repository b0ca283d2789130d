import type { Expr } from './ir.js';

/** The same text for expressions that are the same tree over the same variables. */
export function exprKey(e: Expr): string {
  switch (e.op) {
    case 'number':
      return Object.is(e.value, -0) ? '-0' : String(e.value);
    case 'boolean':
      return String(e.value);
    case 'var':
      return `v${e.variable.id}`;
    case 'length':
      return `len${e.array.id}`;
    case 'load':
      return `a${e.array.id}[${exprKey(e.index)}]`;
    case 'binary':
    case 'compare':
      return `(${exprKey(e.a)}${e.kind}${exprKey(e.b)})`;
    case 'and':
    case 'or':
      return `(${exprKey(e.a)} ${e.op} ${exprKey(e.b)})`;
    case 'negate':
    case 'number-of':
    case 'bitnot':
    case 'not':
      return `${e.op}(${exprKey(e.a)})`;
    case 'select':
      return `(${exprKey(e.test)}?${exprKey(e.a)}:${exprKey(e.b)})`;
    case 'math':
      return `${e.fn}(${e.args.map(exprKey).join()})`;
    case 'call':
      return `f${e.fn.id}(${e.args.map((a) => (a.op === 'array' ? `a${a.array.id}` : exprKey(a))).join()})`;
  }
}
