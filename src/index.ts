/** harts: one allocator of hardware contexts for every parallel library in a Node.js process. */

export * from './errors.js';
export type { Call, Kernel, ResolvedCall } from './jit/call.js';
export { type KernelOptions, kernel } from './jit/kernel.js';
export * from './jobs/index.js';
export type { TypedArray } from './native/load.js';
export * from './runtime/index.js';
