import type { Blood, Vessel } from './network.js';

/** Radius of a vessel at `x`, at its reference pressure. Linear taper. */
export function radiusAt(vessel: Vessel, x: number): number {
  return vessel.rProximal + ((vessel.rDistal - vessel.rProximal) * x) / vessel.length;
}

/** Wall thickness of an artery of radius `r` (m) where none is measured: h = r (0.2802 exp(-505.3 r) + 0.1324 exp(-11.14 r)). */
export function wallThickness(r: number): number {
  return r * (0.2802 * Math.exp(-505.3 * r) + 0.1324 * Math.exp(-11.14 * r));
}

/** The wall at one place: P = pRef + stiff (sqrt(A) - rest). */
export interface Wall {
  /** dP / d sqrt(A) = 4/3 sqrt(pi) E h / Aref (Poisson ratio 1/2), Pa/m. */
  readonly stiff: number;
  /** sqrt(Aref), m. */
  readonly rest: number;
}

/** The wall of a vessel at `x`. */
export function wallAt(vessel: Vessel, x: number): Wall {
  const r = radiusAt(vessel, x);
  const h = vessel.thickness ?? wallThickness(r);
  const area = Math.PI * r * r;
  return { stiff: ((4 / 3) * Math.sqrt(Math.PI) * vessel.young * h) / area, rest: Math.sqrt(area) };
}

/** Square root of the area at pressure `p`. Not positive when the vessel is collapsed there. */
export function rootAt(vessel: Vessel, wall: Wall, p: number): number {
  return wall.rest + (p - vessel.pRef) / wall.stiff;
}

/** Speed of a pulse at sqrt(A) = `root`: c^2 = stiff sqrt(A) / (2 rho). */
export function waveSpeed(wall: Wall, root: number, blood: Blood): number {
  return Math.sqrt((wall.stiff * root) / (2 * blood.rho));
}

/** Characteristic impedance rho c / A of a vessel at `x` and pressure `p`, Pa s/m3. */
export function impedanceAt(vessel: Vessel, x: number, p: number, blood: Blood): number {
  const wall = wallAt(vessel, x);
  const root = rootAt(vessel, wall, p);
  return (blood.rho * waveSpeed(wall, root, blood)) / (root * root);
}

/** Friction coefficient 2 (profile + 2) pi mu / rho of the momentum equation, m2/s. */
export function frictionCoefficient(vessel: Vessel, blood: Blood): number {
  return (2 * (vessel.profile + 2) * Math.PI * blood.mu) / blood.rho;
}
