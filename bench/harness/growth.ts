/** Takes the name of a measurement of a curve apart: the last word is the x value. Undefined for any other name. */
export function xOf(name: string): { readonly curve: string; readonly x: number } | undefined {
  const found = /^(.+) (\d+(?:\.\d+)?)$/.exec(name);
  return found === null ? undefined : { curve: found[1]!, x: Number(found[2]) };
}

/**
 * The exponent `e` for which `y ~ x^e` fits the upper half of the points best: the slope of a line through their
 * logarithms. 0 for a constant, less than 0.2 for a logarithm beyond a hundred or so, 1 for a search through all.
 *
 * @param points at least two, with different x, all positive
 */
export function growthOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const upper = sorted.slice(Math.min(Math.floor(sorted.length / 2), sorted.length - 2));
  const logs = upper.map(({ x, y }) => [Math.log(x), Math.log(y)] as const);
  const mean = (column: 0 | 1) => logs.reduce((sum, log) => sum + log[column], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const product = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const square = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return product / square;
}
