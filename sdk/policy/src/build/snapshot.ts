import { linkHostFunctions } from './link-host.js';
import { concat, i32, joinModule, readU32, SECTION, type Section, splitModule, text, u32 } from './wasm-file.js';

const PAGE = 65_536;
/** What ran already, is replaced, or tells of the tools. */
const DROPPED: readonly number[] = [SECTION.start, SECTION.dataCount, SECTION.data, SECTION.custom];
const KIND = { global: 3 } as const;
const MUTABLE_I32 = [0x7f, 0x01];
const I32_CONST = 0x41;
const END = 0x0b;
/** Zeros that are cheaper to leave out than to write: a data segment of its own takes about this many bytes. */
const GAP = 16;

/** What an instance has become, to be a module's beginning. */
export interface Snapshot {
  readonly memory: Uint8Array;
  /** Values of globals by the names that they are exported under. */
  readonly globals: ReadonlyMap<string, number>;
  /** Functions that stay exported, and `memory`. */
  readonly keep: readonly string[];
  /** Of `llama-orch:policy/v1`; the module imports these alone. */
  readonly hostFunctions: readonly string[];
  readonly custom: readonly Section[];
}

/** The module of the base, beginning where the instance stood. */
export function moduleFrom(
  base: Uint8Array,
  { memory, globals, keep, hostFunctions, custom }: Snapshot,
): Uint8Array<ArrayBuffer> {
  const all = splitModule(base);
  const exported = exportsOf(all);
  const ask = exported.find(({ name }) => name === 'ask')?.index ?? 0;
  const linked = linkHostFunctions(all, ask, hostFunctions).filter(({ id }) => !DROPPED.includes(id));
  const bytesOf = (wanted: number) => linked.find(({ id }) => id === wanted)?.bytes ?? new Uint8Array([0]);
  const replaced: Readonly<Record<number, Uint8Array>> = {
    [SECTION.memory]: concat([[1, 0], u32(memory.length / PAGE)]),
    [SECTION.global]: globalsSection(bytesOf(SECTION.global), exported, globals),
    [SECTION.export]: exportsSection(exported, keep),
  };
  const sections = linked.map(({ id, bytes }) => ({ id, bytes: replaced[id] ?? bytes }));
  return joinModule([...sections, { id: SECTION.data, bytes: dataSection(memory) }, ...custom]);
}

interface Exported {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

function exportsOf(sections: readonly Section[]): Exported[] {
  const bytes = sections.find(({ id }) => id === SECTION.export)?.bytes ?? new Uint8Array([0]);
  const decoder = new TextDecoder();
  let [count, at] = readU32(bytes, 0);
  const exported: Exported[] = [];
  for (; count > 0; count -= 1) {
    const [length, start] = readU32(bytes, at);
    const kind = bytes[start + length] ?? 0;
    const [index, next] = readU32(bytes, start + length + 1);
    exported.push({ name: decoder.decode(bytes.subarray(start, start + length)), kind, index });
    at = next;
  }
  return exported;
}

function exportsSection(exported: readonly Exported[], keep: readonly string[]): Uint8Array {
  const kept = exported.filter(({ name }) => keep.includes(name));
  return concat([u32(kept.length), ...kept.flatMap(({ name, kind, index }) => [text(name), [kind], u32(index)])]);
}

/** All globals of the base are mutable i32 and exported, so that they can be read. */
function globalsSection(
  bytes: Uint8Array,
  exported: readonly Exported[],
  values: ReadonlyMap<string, number>,
): Uint8Array {
  const [count] = readU32(bytes, 0);
  const names = exported.filter(({ kind }) => kind === KIND.global).sort((a, b) => a.index - b.index);
  if (names.length !== count) throw new Error('The base of TypeScript policies has a global that is not exported.');
  return concat([
    u32(count),
    ...names.map(({ name }) => [...MUTABLE_I32, I32_CONST, ...i32(values.get(name) ?? 0), END]),
  ]);
}

/** Runs of memory that are not zero, each as an active segment. */
function dataSection(memory: Uint8Array): Uint8Array {
  const runs = nonZeroRuns(memory);
  return concat([
    u32(runs.length),
    ...runs.flatMap(([from, to]) => [[0x00, I32_CONST, ...i32(from), END], u32(to - from), memory.subarray(from, to)]),
  ]);
}

function nonZeroRuns(memory: Uint8Array): [from: number, to: number][] {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
  const runs: [number, number][] = [];
  for (let word = 0; word < words.length; word += 1) {
    if (words[word] === 0) continue;
    const last = runs.at(-1);
    if (last !== undefined && word * 4 - last[1] < GAP) last[1] = word * 4 + 4;
    else runs.push([word * 4, word * 4 + 4]);
  }
  return runs;
}
