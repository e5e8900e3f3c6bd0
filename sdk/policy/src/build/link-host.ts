import { HOST_MODULE } from '../abi.js';
import { concat, readU32, replaceSection, SECTION, type Section, u32 } from './wasm-file.js';

interface HostImport {
  readonly name: string;
  readonly entry: Uint8Array;
  readonly type: Uint8Array;
}

/** Locals none, unreachable, end; before it its size. */
const TRAP_BODY = [3, 0x00, 0x00, 0x0b];
const CALL = 0x10;

/**
 * Imports of the host functions that are wanted, and of no other. The base imports all of them, last of its imports, and
 * calls them in the function `ask` alone. Those that are not wanted become functions of the module that trap, so every
 * other function keeps its number.
 * @param ask number of that function
 */
export function linkHostFunctions(sections: readonly Section[], ask: number, wanted: readonly string[]): Section[] {
  const { others, hosts } = readImports(sectionOf(sections, SECTION.import));
  const linked = hosts.filter(({ name }) => wanted.includes(name));
  const left = hosts.filter(({ name }) => !wanted.includes(name));
  const first = others.length;
  const numbers = new Map([...linked, ...left].map(({ name }, index) => [name, first + index]));
  const calls = new Map(hosts.map(({ name }, index) => [first + index, numbers.get(name) ?? 0]));
  const imports = [...others, ...linked.map(({ entry }) => entry)];
  const code = renumberCalls(sectionOf(sections, SECTION.code), ask - first - hosts.length, calls);
  const functions = prepend(
    sectionOf(sections, SECTION.function),
    left.map(({ type }) => type),
  );
  const bodies = prepend(
    code,
    left.map(() => TRAP_BODY),
  );
  return replaceSection(
    replaceSection(
      replaceSection(sections, SECTION.import, concat([u32(imports.length), ...imports])),
      SECTION.function,
      functions,
    ),
    SECTION.code,
    bodies,
  );
}

function sectionOf(sections: readonly Section[], wanted: number): Uint8Array {
  return sections.find(({ id }) => id === wanted)?.bytes ?? new Uint8Array([0]);
}

function readImports(section: Uint8Array): { others: Uint8Array[]; hosts: HostImport[] } {
  const decoder = new TextDecoder();
  const others: Uint8Array[] = [];
  const hosts: HostImport[] = [];
  let [count, at] = readU32(section, 0);
  for (; count > 0; count -= 1) {
    const [moduleLength, moduleAt] = readU32(section, at);
    const [nameLength, nameAt] = readU32(section, moduleAt + moduleLength);
    const typeAt = nameAt + nameLength + 1;
    const [, end] = readU32(section, typeAt);
    const entry = section.subarray(at, end);
    const module = decoder.decode(section.subarray(moduleAt, moduleAt + moduleLength));
    const name = decoder.decode(section.subarray(nameAt, nameAt + nameLength));
    if (module === HOST_MODULE) hosts.push({ name, entry, type: section.subarray(typeAt, end) });
    else if (hosts.length > 0)
      throw new Error('The base of TypeScript policies imports something after the host functions.');
    else others.push(entry);
    at = end;
  }
  return { others, hosts };
}

/** Gives the calls of one body other targets. All numbers of host functions are of one byte. */
function renumberCalls(section: Uint8Array, body: number, calls: ReadonlyMap<number, number>): Uint8Array {
  const renumbered = new Uint8Array(section);
  let at = readU32(section, 0)[1];
  for (let index = 0; index < body; index += 1) at = endOfBody(section, at);
  for (const place of callsIn(section, readU32(section, at)[1], endOfBody(section, at))) {
    const target = calls.get(readU32(section, place)[0]);
    if (target !== undefined) renumbered[place] = target;
  }
  return renumbered;
}

/** Instructions with one number behind them, all that `ask` has of these: blocks, branches, calls, locals, constants. */
const ONE_NUMBER: readonly number[] = [0x02, 0x03, 0x04, 0x0c, 0x0d, CALL, 0x20, 0x21, 0x22, 0x41, 0x42];
const BR_TABLE = 0x0e;

/** Where the numbers of called functions stand. */
function callsIn(code: Uint8Array, start: number, end: number): number[] {
  const places: number[] = [];
  let at = afterLocals(code, start);
  while (at < end) {
    const instruction = code[at] ?? 0;
    at += 1;
    if (instruction === CALL) places.push(at);
    if (instruction === BR_TABLE) at = afterNumbers(code, at, 2 + readU32(code, at)[0]);
    else if (ONE_NUMBER.includes(instruction)) at = afterNumbers(code, at, 1);
  }
  return places;
}

/** Groups of a count and a type. */
function afterLocals(code: Uint8Array, at: number): number {
  const [groups, first] = readU32(code, at);
  return afterNumbers(code, first, groups * 2);
}

function afterNumbers(code: Uint8Array, at: number, count: number): number {
  return count === 0 ? at : afterNumbers(code, readU32(code, at)[1], count - 1);
}

function endOfBody(section: Uint8Array, at: number): number {
  const [length, start] = readU32(section, at);
  return start + length;
}

function prepend(section: Uint8Array, entries: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const [count, first] = readU32(section, 0);
  return concat([u32(count + entries.length), ...entries, section.subarray(first)]);
}
