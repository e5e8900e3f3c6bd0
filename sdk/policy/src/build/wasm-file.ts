/** Sections of a core module that the build reads or replaces. */
export const SECTION = {
  custom: 0,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

export interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const encoder = new TextEncoder();

/** A module in sections. It was compiled before, so its form is known to be right. */
export function splitModule(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = HEADER.length; at < bytes.length;) {
    const [length, start] = readU32(bytes, at + 1);
    sections.push({ id: bytes[at] ?? 0, bytes: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return sections;
}

export function joinModule(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  return concat([HEADER, ...sections.flatMap(({ id, bytes }) => [[id], u32(bytes.length), bytes])]);
}

export function replaceSection(sections: readonly Section[], id: number, bytes: Uint8Array): Section[] {
  return sections.map((section) => (section.id === id ? { id, bytes } : section));
}

export function customSection(name: string, content: Uint8Array): Section {
  return { id: SECTION.custom, bytes: concat([text(name), content]) };
}

export function readU32(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0, next = at; ; shift += 7, next += 1) {
    const byte = bytes[next] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, next + 1];
  }
}

export function u32(value: number): number[] {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [low | 0x80, ...u32(value >>> 7)];
}

/** Signed, as `i32.const` takes it. */
export function i32(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...i32(rest)];
}

export function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  return concat([u32(bytes.length), bytes]);
}

export function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
