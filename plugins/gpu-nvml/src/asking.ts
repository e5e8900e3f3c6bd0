import { type NvmlLibrary } from './library.js';
import { type FunctionName } from './signatures.js';

const NAME_BYTES = 96;

/** A device or an event set, as NVML hands it out. */
export type Handle = bigint;

/** One question after the other to a library, until the signal aborts. */
export class Asking {
  constructor(
    readonly library: NvmlLibrary,
    readonly signal: AbortSignal,
  ) {}

  /** A whole number that the function writes last. @throws NvmlError */
  async uint(name: FunctionName, ...args: (number | Handle)[]): Promise<number> {
    const out = new Uint32Array(1);
    await this.library.demand(name, [...args, out], this.signal);
    return out[0] ?? 0;
  }

  /** @throws NvmlError */
  async handle(name: FunctionName, ...args: (number | Handle)[]): Promise<Handle> {
    const out = new BigUint64Array(1);
    await this.library.demand(name, [...args, out], this.signal);
    return out[0] ?? 0n;
  }

  /** @throws NvmlError */
  async text(name: FunctionName, handle: Handle): Promise<string> {
    const out = Buffer.alloc(NAME_BYTES);
    await this.library.demand(name, [handle, out, NAME_BYTES], this.signal);
    const end = out.indexOf(0);
    return out.toString('utf8', 0, end === -1 ? NAME_BYTES : end);
  }

  /** 64-bit numbers, as many as asked for. @throws NvmlError */
  async longs(name: FunctionName, count: number, ...args: (number | Handle)[]): Promise<number[]> {
    const out = new BigUint64Array(count);
    await this.library.demand(name, [...args, out], this.signal);
    return Array.from(out, Number);
  }
}
