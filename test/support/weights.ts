import { createHash } from 'node:crypto';
import { SeededRandom } from '../../src/kernel/random.js';

const F32 = 0;
const U32 = 4;
const STRING = 8;
const ALIGNMENT = 32;

/** What a test may get wrong in a file of weights. */
export interface WeightsFaults {
  readonly version?: number;
  /** Added to the offset of the second tensor. */
  readonly offsetShift?: number;
  readonly type?: number;
  readonly alignment?: number;
  readonly secondName?: string;
}

/** A sound GGUF file of a small llama: a header, then two tensors of so many numbers, made up from the seed. */
export function weights(numbers: number, seed = 1, faults: WeightsFaults = {}): Buffer {
  const { version = 3, offsetShift = 0, type = F32, alignment = ALIGNMENT, secondName = 'output.weight' } = faults;
  const wide = (value: number) => (version === 1 ? u32(value) : u64(value));
  const text = (value: string) => Buffer.concat([wide(Buffer.byteLength(value)), Buffer.from(value)]);
  const number = (key: string, value: number) => Buffer.concat([text(key), u32(U32), u32(value)]);
  const keys = [
    Buffer.concat([text('general.architecture'), u32(STRING), text('llama')]),
    ...[number('general.alignment', alignment), number('llama.block_count', 2), number('llama.context_length', 512)],
    ...[number('llama.embedding_length', 64), number('llama.attention.head_count', 4)],
  ];
  const bytes = numbers * 4;
  const second = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  const tensor = (name: string, offset: number) =>
    Buffer.concat([text(name), u32(1), wide(numbers), u32(type), u64(offset)]);
  const tensors = [tensor('token_embd.weight', 0), tensor(secondName, second + offsetShift)];
  const head = Buffer.concat([Buffer.from('GGUF'), u32(version), wide(2), wide(keys.length), ...keys, ...tensors]);
  const start = Math.ceil(head.length / ALIGNMENT) * ALIGNMENT;
  return Buffer.concat([head, Buffer.alloc(start - head.length), noise(second + bytes, seed)]);
}

/** A sound safetensors file with one tensor. */
export function safetensors(numbers: number, header: object = {}): Buffer {
  const tensor = { dtype: 'F32', shape: [numbers], data_offsets: [0, numbers * 4] };
  const text = Buffer.from(JSON.stringify({ 'a.weight': tensor, ...header }));
  return Buffer.concat([u64(text.length), text, noise(numbers * 4, 2)]);
}

export function digestOfBytes(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function noise(length: number, seed: number): Buffer {
  const random = new SeededRandom(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at);
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
