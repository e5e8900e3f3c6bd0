import { readFileSync } from 'node:fs';

const HAIKU = new URL('../../models/haiku-nano.gguf', import.meta.url);

export interface BrokenModel {
  readonly kind: string;
  /** What the reason says, where our own check finds it; absent: the engine itself refuses. */
  readonly says?: RegExp;
  readonly bytes: Buffer;
}

export function soundModel(): Buffer {
  return readFileSync(HAIKU);
}

/** Each way of breaking a model file that was ever seen to disturb the engine, applied to the bundled model. */
export function brokenModels(): readonly BrokenModel[] {
  return [
    { kind: 'empty', says: /is empty/, bytes: Buffer.alloc(0) },
    {
      kind: 'noise',
      says: /no GGUF file/,
      bytes: Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 256)),
    },
    { kind: 'cut in its counts', says: /middle of its header/, bytes: soundModel().subarray(0, 10) },
    { kind: 'cut in its keys', says: /more tensors or keys/, bytes: soundModel().subarray(0, 100) },
    { kind: 'cut in its data', says: /beyond its end/, bytes: soundModel().subarray(0, 1_000_000) },
    { kind: 'short of one byte', says: /beyond its end/, bytes: soundModel().subarray(0, -1) },
    { kind: 'of the wrong magic', says: /no GGUF file/, bytes: changed((file) => file.write('GGUX', 0)) },
    { kind: 'of a future version', says: /version 99/, bytes: changed((file) => file.writeUInt32LE(99, 4)) },
    {
      kind: 'with a huge tensor count',
      says: /more tensors/,
      bytes: changed((file) => file.writeBigUInt64LE(2n ** 60n, 8)),
    },
    {
      kind: 'with a huge key count',
      says: /more tensors/,
      bytes: changed((file) => file.writeBigUInt64LE(2n ** 60n, 16)),
    },
    { kind: 'with a huge text', says: /longer than the file/, bytes: withLongText() },
    { kind: 'with a huge list', says: /longer than the file/, bytes: withLongList() },
    { kind: 'without heads', says: /head_count is 0/, bytes: withNumber('llama.attention.head_count', 0) },
    { kind: 'without key heads', says: /head_count_kv is 0/, bytes: withNumber('llama.attention.head_count_kv', 0) },
    {
      kind: 'with an end token outside',
      says: /outside the vocabulary/,
      bytes: withNumber('tokenizer.ggml.eos_token_id', 999_999),
    },
    { kind: 'of the wrong width', bytes: withNumber('llama.embedding_length', 96) },
    { kind: 'of an unknown architecture', bytes: withWord('general.architecture', 'zzzzz') },
    { kind: 'with weights that are no numbers', bytes: changed((file) => file.fill(0xff, file.length - 200_000)) },
  ];
}

function changed(change: (file: Buffer) => void): Buffer {
  const file = soundModel();
  change(file);
  return file;
}

/** Offset of the value type that follows a key. */
function after(file: Buffer, key: string): number {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(key.length));
  const at = file.indexOf(Buffer.concat([length, Buffer.from(key)]));
  if (at < 0) throw new Error(`the bundled model has no key ${key}`);
  return at + 8 + key.length;
}

function withNumber(key: string, value: number): Buffer {
  return changed((file) => file.writeUInt32LE(value, after(file, key) + 4));
}

function withWord(key: string, word: string): Buffer {
  return changed((file) => file.write(word, after(file, key) + 12));
}

function withLongText(): Buffer {
  return changed((file) => file.writeBigUInt64LE(2n ** 40n, after(file, 'general.name') + 4));
}

function withLongList(): Buffer {
  return changed((file) => file.writeBigUInt64LE(2n ** 40n, after(file, 'tokenizer.ggml.tokens') + 8));
}
