import { ByteReader } from './byte-reader.js';
import { type ByteSource, Unsound } from './byte-source.js';
import { checkTensors, LEAST_TENSOR_BYTES, readTensors } from './gguf-tensors.js';
import { type GgufKeys, type GgufValue, GgufValues } from './gguf-values.js';
import { type ModelShape, shapeOf } from './model-shape.js';

const VERSIONS: readonly number[] = [1, 2, 3];
const MOST_KEYS = 65_536;
const MOST_TENSORS = 1_000_000;
/** What a key takes at least. */
const LEAST_KEY_BYTES = 9;
const DEFAULT_ALIGNMENT = 32;

/** True when a file begins as a GGUF file does. */
export function isGguf(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === 'GGUF';
}

/**
 * Walks through the whole header and checks it against itself and the size of the file, before an engine trusts it.
 * @throws Unsound that says what is wrong
 */
export async function checkGguf(source: ByteSource): Promise<ModelShape | undefined> {
  const { values, counts } = await opened(source);
  const keys = await readKeys(values, counts.keys, () => false);
  const tensors = await readTensors(values, counts.tensors);
  checkContents(keys, tensors.length);
  const alignment = alignmentOf(keys);
  const dataStart = Math.ceil(values.reader.position / alignment) * alignment;
  checkTensors(tensors, { dataStart, alignment, sizeBytes: source.sizeBytes });
  return shapeOf(keys);
}

/** Reads just enough to size a cache. @throws Unsound */
export async function readGgufShape(source: ByteSource): Promise<ModelShape | undefined> {
  const { values, counts } = await opened(source);
  return shapeOf(await readKeys(values, counts.keys, isPastNumbers));
}

/** Writers put the vocabulary, which is most of a header, after the numbers. */
function isPastNumbers(name: string, keys: GgufKeys): boolean {
  return name.startsWith('tokenizer.') && shapeOf(keys) !== undefined;
}

async function opened(source: ByteSource) {
  const reader = new ByteReader(source);
  if (source.sizeBytes === 0) throw new Unsound('it is empty');
  if (!isGguf(await reader.bytes(4))) throw new Unsound('it is no GGUF file');
  const version = await reader.u32();
  if (!VERSIONS.includes(version)) throw new Unsound(`its format version ${version} is not supported`);
  const values = new GgufValues(reader, version);
  const counts = { tensors: await values.count(), keys: await values.count() };
  const fits = (count: number, most: number, least: number) => count <= most && count <= reader.remaining / least;
  if (!fits(counts.tensors, MOST_TENSORS, LEAST_TENSOR_BYTES) || !fits(counts.keys, MOST_KEYS, LEAST_KEY_BYTES))
    throw new Unsound('it announces more tensors or keys than it could hold');
  return { values, counts };
}

async function readKeys(
  values: GgufValues,
  count: number,
  isEnough: (name: string, keys: GgufKeys) => boolean,
): Promise<GgufKeys> {
  const keys = new Map<string, GgufValue>();
  for (let left = count; left > 0; left -= 1) {
    const [name, value] = await values.key();
    if (keys.has(name)) throw new Unsound('a key occurs twice');
    keys.set(name, value);
    if (isEnough(name, keys)) break;
  }
  return keys;
}

/** Of weights in several files each is a file of its own; but for the first they need neither tensors nor keys. */
function checkContents(keys: GgufKeys, tensors: number): void {
  const isPart = (numberOf(keys, 'split.count') ?? 1) > 1;
  if (isPart) return;
  const architecture = keys.get('general.architecture');
  if (architecture?.type !== 'text' || !architecture.value) throw new Unsound('it names no architecture');
  if (tensors === 0) throw new Unsound('it holds no tensors');
}

function alignmentOf(keys: GgufKeys): number {
  const alignment = numberOf(keys, 'general.alignment') ?? DEFAULT_ALIGNMENT;
  if (alignment >= 8 && alignment <= 65_536 && Number.isInteger(Math.log2(alignment))) return alignment;
  throw new Unsound(`its alignment ${alignment} is impossible`);
}

function numberOf(keys: GgufKeys, name: string): number | undefined {
  const value = keys.get(name);
  return value?.type === 'number' ? value.value : undefined;
}
