import { freemem, totalmem } from 'node:os';

/** Memory of this machine, or of the container that the daemon runs in. Bytes. */
export interface HostMemory {
  readonly totalBytes: number;
  /** What programs can get without anything being swapped out. */
  readonly availableBytes: number;
}

/** A port, so that tests own the machine. */
export type ReadHostMemory = () => HostMemory;

export const readHostMemory: ReadHostMemory = () => {
  const limit = process.constrainedMemory();
  const total = totalmem();
  return {
    totalBytes: limit > 0 && limit < total ? limit : total,
    // On Linux Node answers MemAvailable here, and what is left below the limit of the container there.
    availableBytes: Math.min(freemem(), process.availableMemory()),
  };
};
