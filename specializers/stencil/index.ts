export type { AxisBoundary, Boundary, Face, FaceLike } from './boundary.js';
export type { Grid, GridLike } from './grid.js';
export type { GridAccess } from './plain.js';
export { type Stencil, type StencilOptions, type SweepArgs, stencil } from './stencil.js';
