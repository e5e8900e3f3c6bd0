import { type SqlValue, type Write } from './store.js';

/** A unit as it goes to the thread. */
export interface Packed {
  readonly unit: readonly Write[];
  /** About what it takes in memory while it waits. */
  readonly bytes: number;
  /** Copies of our own, which may change hands instead of being copied once more. */
  readonly transfer: readonly ArrayBuffer[];
}

const BYTES_PER_VALUE = 32;
const BYTES_PER_WRITE = 128;

/**
 * Weighs a unit, and cuts out bytes that are a part of something larger: what crosses over to a thread takes all the memory
 * along that it is a view of.
 */
export function pack(unit: readonly Write[]): Packed {
  const transfer: ArrayBuffer[] = [];
  let bytes = 0;
  const writes = unit.map((write) => {
    bytes += BYTES_PER_WRITE;
    const { values } = write;
    if (values === undefined) return write;
    let cut: Record<string, SqlValue> | undefined;
    for (const [name, value] of Object.entries(values)) {
      bytes += BYTES_PER_VALUE + sizeOf(value);
      if (!isPart(value)) continue;
      const whole = Uint8Array.from(value);
      transfer.push(whole.buffer);
      cut ??= { ...values };
      cut[name] = whole;
    }
    return cut === undefined ? write : { ...write, values: cut };
  });
  return { unit: writes, bytes, transfer };
}

function sizeOf(value: SqlValue): number {
  if (typeof value === 'string') return value.length * 2;
  return value instanceof Uint8Array ? value.byteLength : 0;
}

function isPart(value: SqlValue): value is Uint8Array {
  return value instanceof Uint8Array && value.byteLength < value.buffer.byteLength;
}
