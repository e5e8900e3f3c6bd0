/** An entry of a header: key, type, value. Types in words are those that no sound file has. */
export type Entry = readonly [key: string, type: string, value: number | string | readonly (number | string)[]];

export interface GgufFaults {
  readonly version?: number;
  /** How many entries the file says that it has. */
  readonly count?: number;
  /** How long it says that its first key is. */
  readonly firstKeyBytes?: number;
}

const TYPES: Readonly<Record<string, number>> = { u32: 4, f32: 6, string: 8, u64: 10 };
const ARRAY = 9;

/** The header of a weights file, with any lies that a test needs. */
export function gguf(entries: readonly Entry[], { version = 3, count, firstKeyBytes }: GgufFaults = {}): Buffer {
  const parts = entries.map(([key, type, value], at) =>
    Buffer.concat([
      at === 0 && firstKeyBytes !== undefined ? u64(firstKeyBytes) : u64(Buffer.byteLength(key)),
      ...[Buffer.from(key), typed(type, value)],
    ]),
  );
  return Buffer.concat([Buffer.from('GGUF'), u32(version), u64(0), u64(count ?? entries.length), ...parts]);
}

function typed(type: string, value: Entry[2]): Buffer {
  if (type === 'type 77') return Buffer.concat([u32(77), u32(0)]);
  if (type === 'array of arrays') return Buffer.concat([u32(ARRAY), u32(ARRAY), u64(1), u32(4), u64(0)]);
  if (type === 'endless array') return Buffer.concat([u32(ARRAY), u32(10), u64(9_000_000)]);
  if (type === 'endless string') return Buffer.concat([u32(8), u64(2 ** 53)]);
  const one = type.replace('[]', '');
  if (Array.isArray(value)) {
    const items = value.map((item: number | string) => plain(one, item));
    return Buffer.concat([u32(ARRAY), u32(TYPES[one]!), u64(value.length), ...items]);
  }
  return Buffer.concat([u32(TYPES[one]!), plain(one, value as number | string)]);
}

function plain(type: string, value: number | string): Buffer {
  if (typeof value === 'string') return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
  if (type === 'u64') return u64(value);
  if (type === 'u32') return u32(value);
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
