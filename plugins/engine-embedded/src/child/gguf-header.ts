import { type FileHandle } from 'node:fs/promises';

import { ByteReader, EndOfFile } from './byte-reader.js';
import { BadHeader, type GgufKeys, readKeys, readString } from './gguf-values.js';
import { tensorBytes } from './tensor-types.js';

export { BadHeader } from './gguf-values.js';

const VERSIONS = [2, 3];
const DEFAULT_ALIGNMENT = 32;
const LONGEST_TENSOR_NAME = 128;
const MOST_DIMENSIONS = 4;

/**
 * Walks through the whole header of a GGUF file and checks it against itself and the size of the file. The engine trusts
 * these numbers: some wrong ones make it abort the process.
 * @throws BadHeader that says what is wrong
 */
export async function checkHeader(file: FileHandle, sizeBytes: number): Promise<GgufKeys> {
  const reader = new ByteReader(file, sizeBytes);
  try {
    const counts = await readCounts(reader);
    const keys = await readKeys(reader, counts.keys);
    checkKeys(keys);
    checkTensors(await readTensors(reader, counts.tensors), dataStart(reader, keys), sizeBytes);
    return keys;
  } catch (error) {
    if (error instanceof EndOfFile) throw new BadHeader('it ends in the middle of its header');
    throw error;
  }
}

async function readCounts(reader: ByteReader): Promise<{ tensors: number; keys: number }> {
  if (reader.sizeBytes === 0) throw new BadHeader('it is empty');
  if ((await reader.bytes(4)).toString('latin1') !== 'GGUF') throw new BadHeader('it is no GGUF file');
  const version = await reader.u32();
  if (!VERSIONS.includes(version)) throw new BadHeader(`its format version ${version} is not supported`);
  const [tensors, keys] = [await reader.u64(), await reader.u64()];
  // A tensor record takes at least 32 bytes and a key 13, whatever they hold.
  if (tensors > reader.remaining / 32 || keys > reader.remaining / 13) {
    throw new BadHeader('it announces more tensors or keys than it could hold');
  }
  if (tensors === 0) throw new BadHeader('it holds no tensors');
  return { tensors, keys };
}

function checkKeys(keys: GgufKeys): void {
  const architecture = textOf(keys, 'general.architecture');
  if (!architecture) throw new BadHeader('it names no architecture');
  if ((numberOf(keys, 'split.count') ?? 1) > 1) throw new BadHeader('it is one part of several; merge the parts first');
  for (const name of ['block_count', 'context_length', 'embedding_length']) {
    mustBePositive(keys, `${architecture}.${name}`);
  }
  // Recurrent models write 0 heads and mean it.
  if (!isRecurrent(keys, architecture)) {
    for (const name of ['head_count', 'head_count_kv']) mustBePositive(keys, `${architecture}.attention.${name}`);
  }
  checkTokenizer(keys);
}

function checkTokenizer(keys: GgufKeys): void {
  const tokens = listLength(keys, 'tokenizer.ggml.tokens');
  if (tokens === undefined) return;
  if (tokens === 0) throw new BadHeader('its vocabulary is empty');
  for (const name of ['token_type', 'scores']) {
    const length = listLength(keys, `tokenizer.ggml.${name}`);
    if (length !== undefined && length !== tokens) throw new BadHeader(`its ${name} list does not fit its vocabulary`);
  }
  for (const [key, value] of keys) {
    if (!/^tokenizer\.ggml\.\w+_token_id$/.test(key) || value.type !== 'number') continue;
    // All bits set is how writers say "none".
    if (value.value !== -1 && value.value !== 0xffffffff && (value.value < 0 || value.value >= tokens)) {
      throw new BadHeader(`its ${key} lies outside the vocabulary`);
    }
  }
}

interface Tensor {
  readonly offset: number;
  readonly bytes: number;
}

async function readTensors(reader: ByteReader, count: number): Promise<readonly Tensor[]> {
  const tensors: Tensor[] = [];
  for (let index = 0; index < count; index += 1) tensors.push(await readTensor(reader));
  return tensors;
}

async function readTensor(reader: ByteReader): Promise<Tensor> {
  await readString(reader, LONGEST_TENSOR_NAME);
  const dimensions = await reader.u32();
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS) throw new BadHeader('a tensor has an impossible shape');
  let elements = 1;
  for (let index = 0; index < dimensions; index += 1) elements *= await reader.u64();
  if (elements < 1 || !Number.isSafeInteger(elements)) throw new BadHeader('a tensor has an impossible shape');
  const type = await reader.u32();
  return { bytes: tensorBytes(type, elements), offset: await reader.u64() };
}

function dataStart(reader: ByteReader, keys: GgufKeys): number {
  const alignment = numberOf(keys, 'general.alignment') ?? DEFAULT_ALIGNMENT;
  if (alignment < 8 || alignment > 65_536 || !Number.isInteger(Math.log2(alignment))) {
    throw new BadHeader(`its alignment ${alignment} is impossible`);
  }
  return Math.ceil(reader.position / alignment) * alignment;
}

function checkTensors(tensors: readonly Tensor[], start: number, sizeBytes: number): void {
  const outside = ({ offset, bytes }: Tensor) => start + offset + Math.max(bytes, 1) > sizeBytes;
  if (tensors.some(outside)) throw new BadHeader('its tensors reach beyond its end; the download may be incomplete');
}

function isRecurrent(keys: GgufKeys, architecture: string): boolean {
  return [...keys.keys()].some(
    (key) => key.startsWith(`${architecture}.ssm.`) || key.startsWith(`${architecture}.wkv.`),
  );
}

function mustBePositive(keys: GgufKeys, key: string): void {
  const value = numberOf(keys, key);
  if (value !== undefined && value <= 0) throw new BadHeader(`its ${key} is ${value}`);
}

function numberOf(keys: GgufKeys, key: string): number | undefined {
  const value = keys.get(key);
  return value?.type === 'number' ? value.value : undefined;
}

function textOf(keys: GgufKeys, key: string): string | undefined {
  const value = keys.get(key);
  return value?.type === 'string' ? value.value : undefined;
}

function listLength(keys: GgufKeys, key: string): number | undefined {
  const value = keys.get(key);
  return value?.type === 'list' ? value.length : undefined;
}
