import type { ElementKind } from '../../src/jit/bind.js';
import { ENTRY_SYMBOL, FunctionPrinter, fileHead } from '../../src/jit/generate.js';
import { C_TYPES } from '../../src/jit/prelude.js';
import type { Face, Faces } from './boundary.js';
import { hasGradient } from './boundary.js';
import type { Access, PointFunction, StencilModel } from './model.js';

/** What the generator must know besides the model. */
export interface SweepLayout {
  readonly title: string;
  readonly rank: number;
  readonly faces: Faces;
  readonly outputElements: readonly ElementKind[];
  readonly gridElements: readonly ElementKind[];
  /** Kinds of the scalar parameters, in order. */
  readonly scalars: readonly ('number' | 'boolean')[];
  /** Output k is read as grid k of the next iteration. */
  readonly feedback: boolean;
}

/** Below this many points a parallel region costs more than it saves. */
const PARALLEL_POINTS = 8192;

/**
 * Prints a sweep as C: one parallel loop over rows (in one dimension: over blocks of points), inside it an `omp simd`
 * loop over the interior, and peeled points near the faces, which read through the boundary.
 *
 * ABI: arrays are outputs, grids, scratch (one per output); scalars are n0, n1, iterations, then the user's. A
 * one-dimensional grid of n points is one row of n points.
 */
export function generateSweep(model: StencilModel, layout: SweepLayout): string {
  const printer = new FunctionPrinter();
  const { out } = printer;
  for (const { program } of model.outputs) {
    printer.begin(program);
    printer.functions(program.functions);
  }
  const elements = new Set(layout.gridElements);
  for (const element of elements) printReader(printer, layout, element);
  printEdge(printer, model, layout);
  printSweep(printer, model, layout);
  printSweepEntry(printer, layout);
  return fileHead(layout.title, printer.used) + out.toString();
}

function scalarParams(layout: SweepLayout): string[] {
  return layout.scalars.map((kind, k) => `${kind === 'boolean' ? 'bool' : 'double'} s${k}`);
}

function gridParams(layout: SweepLayout): string[] {
  return layout.gridElements.map((e, k) => `const ${C_TYPES[e]} *restrict g${k}`);
}

/** `harts_outside_f64(g, n0, n1, i, j)`: an element of a grid, or what the boundary says. */
function printReader(printer: FunctionPrinter, layout: SweepLayout, element: ElementKind): void {
  const { out } = printer;
  const gradient = hasGradient(layout.faces);
  const [rows, columns] = layout.rank === 1 ? [undefined, layout.faces[0]] : layout.faces;
  const number = (x: number): string => {
    const e = printer.expressions({ params: [] } as never);
    return e.literal(x);
  };
  const rule = (f: Face, low: boolean, i: string, n: string): string => {
    switch (f.kind) {
      case 'dirichlet':
        return `return ${number(f.value)};`;
      case 'periodic':
        return low ? `${i} += ${n};` : `${i} -= ${n};`;
      case 'clamp':
        return low ? `${i} = 0;` : `${i} = ${n} - 1;`;
      case 'reflect':
        return low ? `${i} = -${i};` : `${i} = 2 * (${n} - 1) - ${i};`;
      case 'neumann': {
        const distance = low ? `-${i}` : `${i} - ${n} + 1`;
        const added = gradient ? ` added_${i} = ${number(f.gradient ?? 0)} * (double)(2 * d - 1);` : '';
        return `{ const int64_t d = ${distance};${added} ${i} = ${low ? 'd - 1' : `${n} - d`}; }`;
      }
    }
  };
  const axis = (faces: readonly [Face, Face] | undefined, i: string, n: string): void => {
    if (faces === undefined) return;
    out.line(`if (${i} < 0) ${rule(faces[0], true, i, n)}`);
    out.line(`else if (${i} >= ${n}) ${rule(faces[1], false, i, n)}`);
  };
  out.line('');
  const type = C_TYPES[element];
  out.braces(
    `static double harts_outside_${element}(const ${type} *g, int64_t n0, int64_t n1, int64_t i, int64_t j)`,
    () => {
      if (gradient) {
        out.line('const bool inside = i >= 0 && i < n0 && j >= 0 && j < n1;');
        out.line('double added_i = 0.0, added_j = 0.0;');
      }
      axis(rows, 'i', 'n0');
      axis(columns, 'j', 'n1');
      out.line('const double value = (double)g[i * n1 + j];');
      out.line(
        gradient
          ? `return inside ? value : value + ${layout.rank === 1 ? 'added_j' : '(added_i + added_j)'};`
          : 'return value;',
      );
    },
  );
}

/** Actual arguments of a point function: scalars, then the values it reads. */
function pointCall(
  printer: FunctionPrinter,
  p: PointFunction,
  layout: SweepLayout,
  read: (a: Access) => string,
): string {
  const args = [...layout.scalars.map((_, k) => `s${k}`), ...p.accesses.map(read)];
  return `${printer.names.of(p.program.entry, p.program.entry.name)}(${args.join(', ')})`;
}

/** Both offsets of an access; in one dimension the row is always the same. */
function offsetsOf(a: Access): [number, number] {
  return a.offsets.length === 1 ? [0, a.offsets[0] as number] : (a.offsets as [number, number]);
}

function plus(base: string, offset: number): string {
  return offset === 0 ? base : `${base} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
}

/** A point near a face: every read goes through the boundary. Not inlined, so that the hot loop stays small. */
function printEdge(printer: FunctionPrinter, model: StencilModel, layout: SweepLayout): void {
  const { out } = printer;
  const outs = layout.outputElements.map((e, k) => `${C_TYPES[e]} *restrict o${k}`);
  const params = [
    ...outs,
    ...gridParams(layout),
    'int64_t n0',
    'int64_t n1',
    'int64_t i',
    'int64_t j',
    ...scalarParams(layout),
  ];
  out.line('');
  out.braces(`static __attribute__((noinline)) void harts_edge(${params.join(', ')})`, () => {
    model.outputs.forEach((p, k) => {
      const call = pointCall(printer, p, layout, (a) => {
        const [di, dj] = offsetsOf(a);
        return `harts_outside_${layout.gridElements[a.grid]}(g${a.grid}, n0, n1, ${plus('i', di)}, ${plus('j', dj)})`;
      });
      out.line(`o${k}[i * n1 + j] = (${C_TYPES[layout.outputElements[k] as ElementKind]})${call};`);
    });
  });
}

function printSweep(printer: FunctionPrinter, model: StencilModel, layout: SweepLayout): void {
  const { out } = printer;
  const [r0, r1] = layout.rank === 1 ? [0, model.reach[0] as number] : (model.reach as [number, number]);
  const outs = layout.outputElements.map((e, k) => `${C_TYPES[e]} *restrict o${k}`);
  const params = [...outs, ...gridParams(layout), 'int64_t n0', 'int64_t n1', ...scalarParams(layout)];
  const pass = [...outs.map((_, k) => `o${k}`), ...layout.gridElements.map((_, k) => `g${k}`), 'n0', 'n1', 'i', 'j'];
  const edge = `harts_edge(${[...pass, ...layout.scalars.map((_, k) => `s${k}`)].join(', ')});`;
  const inner = (): void => {
    model.outputs.forEach((p, k) => {
      const call = pointCall(printer, p, layout, (a) => {
        const [di, dj] = offsetsOf(a);
        const row =
          di === 0 ? '' : di === 1 ? ' + n1' : di === -1 ? ' - n1' : di > 0 ? ` + ${di} * n1` : ` - ${-di} * n1`;
        return `(double)g${a.grid}[at${row}${dj === 0 ? '' : plus('', dj)}]`;
      });
      out.line(`o${k}[at] = (${C_TYPES[layout.outputElements[k] as ElementKind]})${call};`);
    });
  };
  out.line('');
  out.line(
    '/* One sweep. Only the points in the middle of rows in the middle can read without looking at the boundary. */',
  );
  out.braces(`static void harts_sweep(${params.join(', ')})`, () => {
    out.line(`const int64_t left = n1 < ${r1} ? n1 : ${r1};`);
    out.line(`const int64_t right = n1 - ${r1} > left ? n1 - ${r1} : left;`);
    if (layout.rank === 1) {
      out.line('const int64_t i = 0;');
      out.line(`for (int64_t j = 0; j < left; j++) ${edge}`);
      out.flush(`#pragma omp parallel for simd schedule(static) if (n1 >= ${PARALLEL_POINTS})`);
      out.braces('for (int64_t at = left; at < right; at++)', inner);
      out.line(`for (int64_t j = right; j < n1; j++) ${edge}`);
      return;
    }
    out.flush(`#pragma omp parallel for schedule(static) if (n0 * n1 >= ${PARALLEL_POINTS})`);
    out.braces('for (int64_t i = 0; i < n0; i++)', () => {
      out.braces(`if (i < ${r0} || i >= n0 - ${r0})`, () => {
        out.line(`for (int64_t j = 0; j < n1; j++) ${edge}`);
        out.line('continue;');
      });
      out.line(`for (int64_t j = 0; j < left; j++) ${edge}`);
      out.flush('#pragma omp simd');
      out.braces('for (int64_t at = i * n1 + left; at < i * n1 + right; at++)', inner);
      out.line(`for (int64_t j = right; j < n1; j++) ${edge}`);
    });
  });
}

function printSweepEntry(printer: FunctionPrinter, layout: SweepLayout): void {
  const { out } = printer;
  const outputs = layout.outputElements;
  const grids = layout.gridElements;
  out.line('');
  out.line('__attribute__((visibility("default")))');
  out.braces(`double ${ENTRY_SYMBOL}(const harts_array_t *arrays, const double *scalars)`, () => {
    out.line('const int64_t n0 = (int64_t)scalars[0], n1 = (int64_t)scalars[1], iterations = (int64_t)scalars[2];');
    grids.forEach((e, k) => {
      out.line(`const ${C_TYPES[e]} *g${k} = arrays[${outputs.length + k}].data;`);
    });
    layout.scalars.forEach((kind, k) => {
      const value = `scalars[${3 + k}]`;
      out.line(kind === 'boolean' ? `const bool s${k} = ${value} != 0.0;` : `const double s${k} = ${value};`);
    });
    out.braces('for (int64_t t = 1; t <= iterations; t++)', () => {
      outputs.forEach((e, k) => {
        const scratch = `arrays[${outputs.length + grids.length + k}].data`;
        const target = layout.feedback
          ? `(iterations - t) % 2 == 0 ? arrays[${k}].data : ${scratch}`
          : `arrays[${k}].data`;
        out.line(`${C_TYPES[e]} *o${k} = ${target};`);
      });
      const args = [
        ...outputs.map((_, k) => `o${k}`),
        ...grids.map((_, k) => `g${k}`),
        'n0',
        'n1',
        ...layout.scalars.map((_, k) => `s${k}`),
      ];
      out.line(`harts_sweep(${args.join(', ')});`);
      if (layout.feedback) for (const k of outputs.keys()) out.line(`g${k} = o${k};`);
    });
    out.line('return 0.0;');
  });
}
