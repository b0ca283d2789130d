import { type Expr, expressionsOf, type Program, walkExpr, walkStmts } from './ir.js';
import { typeOf } from './type_of.js';

/**
 * Whether the program can tell `undefined` (a read outside an array) from NaN.
 *
 * Arithmetic cannot. `a[i] === b[j]` can (two `undefined` are equal, two NaN are not), and so can `Number.isNaN(a[i])`.
 */
export function undefinedMatters(program: Program): boolean {
  let found = false;
  const maybe = (e: Expr): boolean => {
    const t = typeOf(e);
    return t?.kind === 'double' && t.mayBeUndefined;
  };
  const visit = (e: Expr): void => {
    if (e.op === 'compare' && !['<', '<=', '>', '>='].includes(e.kind) && maybe(e.a) && maybe(e.b)) found = true;
    if (e.op === 'math' && e.fn === 'isNaN' && maybe(e.args[0] as Expr)) found = true;
  };
  for (const fn of program.functions) {
    walkStmts(fn.body, (s) => {
      for (const e of expressionsOf(s)) walkExpr(e, visit);
    });
  }
  return found;
}
