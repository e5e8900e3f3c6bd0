import { type ByteReader } from './byte-reader.js';
import { Unsound } from './byte-source.js';
import { type GgufValues } from './gguf-values.js';

/** Numbers and bytes of one block of each tensor type; of a type that is not listed only the offset is checked. */
const BLOCKS: Readonly<Record<number, readonly [numbers: number, bytes: number]>> = {
  ...{ 0: [1, 4], 1: [1, 2], 2: [32, 18], 3: [32, 20], 6: [32, 22], 7: [32, 24], 8: [32, 34], 9: [32, 36] },
  ...{ 10: [256, 84], 11: [256, 110], 12: [256, 144], 13: [256, 176], 14: [256, 210], 15: [256, 292] },
  ...{ 16: [256, 66], 17: [256, 74], 18: [256, 98], 19: [256, 50], 20: [32, 18], 21: [256, 110], 22: [256, 82] },
  ...{ 23: [256, 136], 24: [1, 1], 25: [1, 2], 26: [1, 4], 27: [1, 8], 28: [1, 8], 29: [256, 56], 30: [1, 2] },
  ...{ 34: [256, 54], 35: [256, 66], 39: [32, 17] },
};

const LONGEST_NAME = 128;
const MOST_DIMENSIONS = 4;
/** What the record of a tensor takes at least. */
export const LEAST_TENSOR_BYTES = 24;

interface Tensor {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Reads the records of all tensors. @throws Unsound */
export async function readTensors(values: GgufValues, count: number): Promise<readonly Tensor[]> {
  const tensors: Tensor[] = [];
  const names = new Set<string>();
  for (let left = count; left > 0; left -= 1) {
    const tensor = await readTensor(values);
    if (names.has(tensor.name)) throw new Unsound('two tensors have the same name');
    names.add(tensor.name);
    tensors.push(tensor);
  }
  return tensors;
}

/** Compares what the records promise with what there is. @throws Unsound */
export function checkTensors(
  tensors: readonly Tensor[],
  at: { readonly dataStart: number; readonly alignment: number; readonly sizeBytes: number },
): void {
  const sorted = tensors.toSorted((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { offset, bytes } of sorted) {
    if (offset % at.alignment !== 0) throw new Unsound('a tensor lies beside the alignment of the file');
    if (offset < end) throw new Unsound('two of its tensors overlap');
    end = offset + bytes;
    if (!(at.dataStart + offset + Math.max(bytes, 1) <= at.sizeBytes))
      throw new Unsound('its tensors reach beyond its end; it may not be whole');
  }
}

async function readTensor(values: GgufValues): Promise<Tensor> {
  const { reader } = values;
  const name = await values.name(LONGEST_NAME);
  const shape = await readShape(values, await reader.u32());
  const type = await reader.u32();
  return { name, bytes: bytesOf(type, shape), offset: await offsetIn(reader) };
}

async function readShape(values: GgufValues, dimensions: number): Promise<readonly number[]> {
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS) throw new Unsound('a tensor has an impossible shape');
  const shape: number[] = [];
  for (let left = dimensions; left > 0; left -= 1) shape.push(await values.count());
  if (shape.includes(0)) throw new Unsound('a tensor has an impossible shape');
  return shape;
}

function bytesOf(type: number, shape: readonly number[]): number {
  const numbers = shape.reduce((product, length) => product * length, 1);
  if (!Number.isSafeInteger(numbers)) throw new Unsound('a tensor has an impossible shape');
  const block = BLOCKS[type];
  if (block === undefined) return 0;
  if (shape[0]! % block[0] !== 0) throw new Unsound('a tensor has rows that its type cannot hold');
  return (numbers / block[0]) * block[1];
}

async function offsetIn(reader: ByteReader): Promise<number> {
  const offset = await reader.u64();
  if (!Number.isSafeInteger(offset)) throw new Unsound('its tensors reach beyond its end; it may not be whole');
  return offset;
}
