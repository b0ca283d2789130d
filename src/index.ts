/** harts: one allocator of hardware contexts for every parallel library in a Node.js process. */

// First: what is imported after this package shall find our libgomp.
import './native/preload.js';

export * from './errors.js';
export type { Call, Kernel, ResolvedCall } from './jit/call.js';
export { type KernelOptions, kernel } from './jit/kernel.js';
export * from './jobs/index.js';
export type { TypedArray } from './native/load.js';
export * from './runtime/index.js';
