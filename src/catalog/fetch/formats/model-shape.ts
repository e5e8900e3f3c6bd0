import { type GgufKeys, type GgufValue } from './gguf-values.js';

/** What the header of weights says of the cache that its model needs. */
export interface ModelShape {
  /** Bytes of key-value cache for one token of one sequence, at two bytes a number. */
  readonly kvBytesPerToken: number;
  /** The longest context that the model was made for. */
  readonly contextTokens: number;
}

const BYTES_OF_A_NUMBER = 2;
const MOST_LAYERS = 4_096;
const MOST_HEADS = 65_536;
const MOST_LENGTH = 1_048_576;
const MOST_CONTEXT = 100_000_000;

/** Keys and values of every layer, one head of a length each; undefined when the header does not say enough. */
export function shapeOf(keys: GgufKeys): ModelShape | undefined {
  const architecture = keys.get('general.architecture');
  if (architecture?.type !== 'text' || !architecture.value) return undefined;
  const number = (name: string, most: number) => within(keys.get(`${architecture.value}.${name}`), most);
  const layers = number('block_count', MOST_LAYERS);
  const heads = number('attention.head_count', MOST_HEADS);
  const width = number('embedding_length', MOST_LENGTH);
  const contextTokens = number('context_length', MOST_CONTEXT);
  const usual = width !== undefined && heads !== undefined ? Math.ceil(width / heads) : undefined;
  const keyLength = number('attention.key_length', MOST_LENGTH) ?? usual;
  const valueLength = number('attention.value_length', MOST_LENGTH) ?? usual;
  if (layers === undefined || contextTokens === undefined) return undefined;
  if (keyLength === undefined || valueLength === undefined) return undefined;
  const kvHeads = kvHeadsOf(keys.get(`${architecture.value}.attention.head_count_kv`), layers, heads);
  if (kvHeads === undefined) return undefined;
  return { kvBytesPerToken: kvHeads * (keyLength + valueLength) * BYTES_OF_A_NUMBER, contextTokens };
}

/** Heads of all layers together; written once for all of them, or layer by layer, where 0 stands for no cache. */
function kvHeadsOf(found: GgufValue | undefined, layers: number, heads: number | undefined): number | undefined {
  if (found?.type === 'list' && found.length === layers && layers > 1) return sumOf(found.numbers);
  const each = within(found, MOST_HEADS) ?? heads;
  return each === undefined ? undefined : each * layers;
}

function sumOf(numbers: readonly number[] | undefined): number | undefined {
  if (numbers?.every((one) => one >= 0 && one <= MOST_HEADS) !== true) return undefined;
  return numbers.reduce((sum, one) => sum + one, 0);
}

/** A whole number from 1 to `most`; some writers put a single one into a list. */
function within(found: GgufValue | undefined, most: number): number | undefined {
  const value = found?.type === 'list' ? onlyOf(found.numbers) : found?.type === 'number' ? found.value : undefined;
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= most ? value : undefined;
}

function onlyOf(numbers: readonly number[] | undefined): number | undefined {
  return numbers?.length === 1 ? numbers[0] : undefined;
}
