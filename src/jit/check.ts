import {
  type Argument,
  type Expr,
  expressionsOf,
  type IRFunction,
  type Program,
  type Stmt,
  type Variable,
  walkExpr,
} from './ir.js';

/**
 * Checks that a program is well formed: every variable is declared (or a parameter, or captured) before it is used,
 * calls match their functions, jumps stand in loops, functions with a value return one.
 *
 * A violation is a bug of the compiler, never of the user: it throws a plain `Error`.
 */
export function checkProgram(program: Program): void {
  if (!program.functions.includes(program.entry)) throw new Error('the entry is not among the functions');
  for (const fn of program.functions) checkFunction(program, fn);
}

function checkFunction(program: Program, fn: IRFunction): void {
  const fail = (message: string): never => {
    throw new Error(`model of \`${fn.name}\` is malformed: ${message}`);
  };
  const arrays = new Set(fn.params.flatMap((p) => (p.kind === 'array' ? [p.array] : [])).concat(fn.capturedArrays));

  const checkArguments = (callee: IRFunction, args: readonly Argument[]): void => {
    if (!program.functions.includes(callee)) fail(`call of unknown \`${callee.name}\``);
    if (args.length !== callee.params.length) fail(`\`${callee.name}\` is called with ${args.length} arguments`);
    args.forEach((arg, k) => {
      const param = callee.params[k];
      if ((param?.kind === 'array') !== (arg.op === 'array'))
        fail(`argument ${k} of \`${callee.name}\` has the wrong kind`);
      if (arg.op === 'array') {
        if (!arrays.has(arg.array)) fail(`array \`${arg.array.name}\` is not in sight`);
        if (param?.kind === 'array' && param.array.element !== arg.array.element) fail('element kinds differ');
      }
    });
  };

  const checkExpr = (root: Expr, known: ReadonlySet<Variable>): void => {
    walkExpr(root, (e) => {
      if (e.op === 'var' && !known.has(e.variable)) fail(`\`${e.variable.name}\` is used before its declaration`);
      if ((e.op === 'load' || e.op === 'length') && !arrays.has(e.array))
        fail(`array \`${e.array.name}\` is not in sight`);
      if (e.op === 'call') {
        if (!e.fn.pure) fail(`\`${e.fn.name}\` has effects but stands in an expression`);
        checkArguments(e.fn, e.args);
      }
    });
  };

  const checkList = (list: readonly Stmt[], outer: ReadonlySet<Variable>, inLoop: boolean): Set<Variable> => {
    const known = new Set(outer);
    for (const s of list) {
      if (s.op === 'loop') {
        const head = s.testLast ? known : checkList(s.before, known, false);
        if (!s.testLast) checkExpr(s.test, head);
        checkList(s.body, head, true);
        checkList(s.update, head, false);
        if (s.testLast) checkExpr(s.test, checkList(s.before, known, false));
        continue;
      }
      for (const e of expressionsOf(s)) checkExpr(e, known);
      switch (s.op) {
        case 'declare':
          if (s.variable.owner !== fn) fail(`\`${s.variable.name}\` is declared in a foreign function`);
          known.add(s.variable);
          break;
        case 'assign':
          if (!known.has(s.variable)) fail(`\`${s.variable.name}\` is assigned before its declaration`);
          break;
        case 'store':
          if (!arrays.has(s.array)) fail(`array \`${s.array.name}\` is not in sight`);
          break;
        case 'if':
          checkList(s.consequent, known, inLoop);
          checkList(s.alternate, known, inLoop);
          break;
        case 'block':
          checkList(s.body, known, inLoop);
          break;
        case 'break':
        case 'continue':
          if (!inLoop) fail(`\`${s.op}\` outside a loop`);
          break;
        case 'return':
          if ((s.value !== undefined) !== (fn.result !== undefined)) fail('returns disagree');
          break;
        case 'call':
          checkArguments(s.fn, s.args);
          if (s.result !== undefined) known.add(s.result);
          break;
        case 'counted':
          checkList(s.body, new Set([...known, s.counter]), true);
          break;
        case 'version':
          checkList(s.fast, new Set([...known, ...s.atoms.map((a) => a.variable)]), inLoop);
          checkList(s.slow, known, inLoop);
          break;
      }
    }
    return known;
  };

  const start = new Set(fn.params.flatMap((p) => (p.kind === 'scalar' ? [p.variable] : [])).concat(fn.captures));
  checkList(fn.body, start, false);
}
