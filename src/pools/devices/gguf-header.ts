import { open } from 'node:fs/promises';
import { FileWindow, UnreadableFile } from './file-window.js';

/** What the header of a GGUF file says of the cache that its model needs. */
export interface ModelShape {
  /** Bytes of key-value cache for one token of one sequence, at two bytes a number. */
  readonly kvBytesPerToken: number;
  /** The longest context that the model was made for. */
  readonly contextTokens: number;
}

const MAGIC = 0x46554747;
const MOST_ENTRIES = 65_536;
const MOST_KEY_BYTES = 65_535;
const MOST_LAYERS = 4_096;
/** Vocabularies have some hundred thousand words; none of ours is read beyond this. */
const MOST_ITEMS = 10_000_000;
const BYTES_OF_A_NUMBER = 2;
const MOST_HEADS = 65_536;
const MOST_LENGTH = 1_048_576;
const MOST_CONTEXT = 100_000_000;

const STRING = 8;
const ARRAY = 9;
/** Bytes of the types whose values have one size, by their number in the format. */
const SIZES: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};
/** Types that hold whole numbers from 0; signed ones are taken as such, as nothing that is looked for is negative. */
const WHOLE = new Set([0, 1, 2, 3, 4, 5, 10, 11]);

type Found = string | readonly number[];

/**
 * Reads what is needed to size a cache. The file is not trusted: every count and length is bounded before it is used.
 * @returns undefined when the file is no GGUF, damaged, or does not say enough
 */
export async function readModelShape(path: string): Promise<ModelShape | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return shapeOf(await readEntries(new FileWindow(file, size)));
  } catch (error) {
    if (error instanceof UnreadableFile) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/** Numbers and the architecture, by key; whatever else the header holds is passed over. */
async function readEntries(window: FileWindow): Promise<ReadonlyMap<string, Found>> {
  const entries = new Map<string, Found>();
  for (let left = await readCount(window); left > 0; left--) {
    const key = await readText(window, MOST_KEY_BYTES);
    await window.need(4);
    const value = await readValue(window, window.takeU32(), key);
    if (value !== undefined) entries.set(key, value);
  }
  return entries;
}

async function readCount(window: FileWindow): Promise<number> {
  await window.need(24);
  const magic = window.takeU32();
  const version = window.takeU32();
  window.takeU64();
  const count = window.takeU64();
  if (magic !== MAGIC || version < 2 || version > 3 || count > MOST_ENTRIES) throw new UnreadableFile();
  return count;
}

async function readText(window: FileWindow, mostBytes: number): Promise<string> {
  const bytes = await readLength(window, mostBytes);
  await window.need(bytes);
  return window.takeText(bytes);
}

async function readLength(window: FileWindow, most: number): Promise<number> {
  await window.need(8);
  const length = window.takeU64();
  if (length > most) throw new UnreadableFile();
  return length;
}

async function readValue(window: FileWindow, type: number, key: string): Promise<Found | undefined> {
  if (type === STRING) return readString(window, key);
  if (type === ARRAY) return readArray(window);
  return readNumbers(window, type, 1);
}

async function readString(window: FileWindow, key: string): Promise<string | undefined> {
  if (key === 'general.architecture') return readText(window, 256);
  window.skip(await readLength(window, window.sizeBytes));
  return undefined;
}

async function readArray(window: FileWindow): Promise<readonly number[] | undefined> {
  await window.need(12);
  const type = window.takeU32();
  const items = await readLength(window, MOST_ITEMS);
  if (type !== STRING) return readNumbers(window, type, items);
  for (let left = items; left > 0; left--) window.skip(await readLength(window, window.sizeBytes));
  return undefined;
}

/** Whole numbers where they are few enough to be one per layer; others are passed over. */
async function readNumbers(window: FileWindow, type: number, items: number): Promise<readonly number[] | undefined> {
  const size = SIZES[type];
  if (size === undefined) throw new UnreadableFile();
  if (!WHOLE.has(type) || items > MOST_LAYERS) {
    window.skip(size * items);
    return undefined;
  }
  await window.need(size * items);
  return Array.from({ length: items }, () => takeNumber(window, size));
}

function takeNumber(window: FileWindow, size: number): number {
  if (size === 8) return window.takeU64();
  if (size === 4) return window.takeU32();
  return size === 2 ? window.takeU16() : window.takeU8();
}

/** Keys and values of every layer, one head of a length each. */
function shapeOf(entries: ReadonlyMap<string, Found>): ModelShape | undefined {
  const architecture = entries.get('general.architecture');
  if (typeof architecture !== 'string') return undefined;
  const number = (name: string, most: number) => within(entries.get(`${architecture}.${name}`), most);
  const layers = number('block_count', MOST_LAYERS);
  const heads = number('attention.head_count', MOST_HEADS);
  const width = number('embedding_length', MOST_LENGTH);
  const contextTokens = number('context_length', MOST_CONTEXT);
  const usual = width !== undefined && heads !== undefined ? Math.ceil(width / heads) : undefined;
  const keyLength = number('attention.key_length', MOST_LENGTH) ?? usual;
  const valueLength = number('attention.value_length', MOST_LENGTH) ?? usual;
  if (layers === undefined || contextTokens === undefined) return undefined;
  if (keyLength === undefined || valueLength === undefined) return undefined;
  const kvHeads = kvHeadsOf(entries.get(`${architecture}.attention.head_count_kv`), layers, heads);
  if (kvHeads === undefined) return undefined;
  return { kvBytesPerToken: kvHeads * (keyLength + valueLength) * BYTES_OF_A_NUMBER, contextTokens };
}

/** Heads of all layers together; written once for all of them, or layer by layer, where 0 stands for no cache. */
function kvHeadsOf(found: Found | undefined, layers: number, heads: number | undefined): number | undefined {
  if (typeof found === 'object' && found.length === layers && layers > 1)
    return found.every((one) => one <= MOST_HEADS) ? found.reduce((sum, one) => sum + one, 0) : undefined;
  const each = within(found, MOST_HEADS) ?? heads;
  return each === undefined ? undefined : each * layers;
}

function within(found: Found | undefined, most: number): number | undefined {
  if (typeof found !== 'object' || found.length !== 1) return undefined;
  const [value] = found as readonly [number];
  return value >= 1 && value <= most ? value : undefined;
}
