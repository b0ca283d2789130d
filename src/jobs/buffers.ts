import { JobError } from '../errors.js';
import type { TypedArray } from '../native/load.js';

/** An array that a job uses, and where it came from, for messages. */
export interface BufferUse {
  readonly array: TypedArray;
  /** "Argument 2 of kernel sweep". */
  readonly where: string;
}

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/**
 * Refuses arrays whose memory is gone or may go while native code uses it.
 *
 * @throws JobError `ERR_HARTS_JOB_BUFFER`
 */
export function checkBuffer({ array, where }: BufferUse): void {
  const { buffer } = array;
  if (buffer instanceof ArrayBuffer && (buffer as { resizable?: boolean }).resizable === true) {
    throw new JobError(
      'ERR_HARTS_JOB_BUFFER',
      `${where} lies in a resizable ArrayBuffer, which could shrink while the job runs. Copy it to one of fixed length.`,
    );
  }
  if (isDetached(buffer)) {
    throw new JobError(
      'ERR_HARTS_JOB_BUFFER',
      `${where} is detached: its buffer was transferred elsewhere. Keep the buffer, or use a SharedArrayBuffer.`,
    );
  }
}

/** After the job: somebody transferred a buffer away while the job wrote to it. */
export function checkStillAttached({ array, where }: BufferUse): void {
  if (!isDetached(array.buffer)) return;
  throw new JobError(
    'ERR_HARTS_JOB_BUFFER',
    `${where} was detached while the job ran, so its results are lost to this thread. ` +
      'Transfer buffers before or after a job, or use a SharedArrayBuffer.',
  );
}

function isDetached(buffer: ArrayBufferLike): boolean {
  // The property exists since Node 21; a view can be made over any buffer but a detached one.
  if (buffer.byteLength > 0 || !(buffer instanceof ArrayBuffer)) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
