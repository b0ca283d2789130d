import type { runtime } from '../../../src/index.js';
import { kernels } from '../step.js';

type Explanation = ReturnType<typeof kernels.predict.explain>;
type Stats = ReturnType<typeof runtime.stats>;

/** What the runtime did for this process, one line each. */
export function runtimeReport(stats: Stats): string[] {
  const all = Object.values(kernels);
  const native = all.filter((kernel) => kernel.explain().status === 'native');
  const lines = [
    `runtime: ${stats.harts} harts, ${stats.schedulersEntered} schedulers, ${stats.grants} grants, ${stats.contextSwitches} context switches`,
    `oversubscribed samples: ${stats.oversubscribedSamples} of ${stats.samples}`,
    `kernels: ${native.length} of ${all.length} native`,
  ];
  const whys = new Map<string, string[]>();
  for (const kernel of all) {
    const { status, reasons } = kernel.explain();
    if (status === 'plain') {
      const why = reasons.map(describeReason).join('; ') || 'it was not compiled';
      whys.set(why, [...(whys.get(why) ?? []), kernel.kernelName]);
    }
  }
  for (const [why, names] of whys) {
    lines.push(`plain JS: ${names.join(', ')}: ${why}`);
  }
  return lines;
}

function describeReason({ message, line, column }: Explanation['reasons'][number]): string {
  return line === undefined ? message : `${message} (line ${line}, column ${column})`;
}

/** Every counter of the runtime and every kernel's way to native code. */
export function hartsReport(stats: Stats): string[] {
  const width = Math.max(...Object.keys(stats).map((name) => name.length));
  return [
    ...Object.entries(stats).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ...Object.values(kernels).map((kernel) => {
      const { status, cache, compileMs } = kernel.explain();
      const origin =
        cache === undefined ? '' : `, ${cache}${compileMs === undefined ? '' : ` in ${Math.round(compileMs)} ms`}`;
      return `  kernel ${kernel.kernelName}: ${status}${origin}`;
    }),
  ];
}
