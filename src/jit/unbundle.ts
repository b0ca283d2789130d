import type * as acorn from 'acorn';

/** How bundlers and test runners spell a module that was imported: vite's SSR transform, esbuild's and tsc's CommonJS. */
const MODULE = /^(__vite_ssr_import_\d+__|import_\w+|\w+_js_\d+)$/;

/**
 * Undoes what a bundler did to imported names, so that a kernel means the same before and after: `module.NAME` and
 * `(0, module.NAME)(...)` become `NAME`, which `env` then explains like any other name from outside.
 */
export function unbundle<T extends acorn.AnyNode>(root: T): T {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      for (let k = 0; k < value.length; k++) value[k] = visit(value[k]);
      return value;
    }
    if (typeof value !== 'object' || value === null || typeof (value as acorn.AnyNode).type !== 'string') return value;
    const node = value as acorn.AnyNode;
    const name = importedName(node);
    if (name !== undefined) return name;
    const fields = node as unknown as Record<string, unknown>;
    for (const key of Object.keys(fields)) if (key !== 'loc') fields[key] = visit(fields[key]);
    if (node.type === 'CallExpression') node.callee = withoutZero(node.callee);
    return node;
  };
  return visit(root) as T;
}

function importedName(node: acorn.AnyNode): acorn.Identifier | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.optional) return undefined;
  const { object, property } = node;
  if (object.type !== 'Identifier' || !MODULE.test(object.name) || property.type !== 'Identifier') return undefined;
  const { start, end, loc } = node;
  return { type: 'Identifier', name: property.name, start, end, loc: loc ?? null };
}

/** `(0, f)` is `f` called without a receiver. */
function withoutZero(callee: acorn.CallExpression['callee']): acorn.CallExpression['callee'] {
  const inner = callee.type === 'ParenthesizedExpression' ? callee.expression : callee;
  if (inner.type !== 'SequenceExpression' || inner.expressions.length !== 2) return callee;
  const [zero, fn] = inner.expressions;
  return zero?.type === 'Literal' && zero.value === 0 && fn?.type === 'Identifier' ? fn : callee;
}
