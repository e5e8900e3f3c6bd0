import { invalidParams } from '../kernel/errors.js';
import { mapInTurns } from './in-turns.js';
import { type ArtifactKind, type Json, type JsonObject } from './artifact.js';

const HEAD = '{"content":';
const MOST_NAMES = 1_000;

/**
 * The RFC 8785 form of `{kind, content}`, in UTF-8: what is hashed, and what lies on disk.
 * @throws AppError 400 for a value that has none: a number beyond all bounds, half of a surrogate pair
 */
export async function canonicalForm(kind: ArtifactKind, content: JsonObject): Promise<Buffer> {
  try {
    return Buffer.from(`${HEAD}${await textInTurns(content)}${tailOf(kind)}`);
  } catch (error) {
    if (!(error instanceof NoForm)) throw error;
    throw invalidParams([{ pointer: placeOf(content, '/content')!, message: error.message }]);
  }
}

/** The RFC 8785 form of the content alone, out of that of the artifact. */
export function contentIn(form: Uint8Array, kind: ArtifactKind): Uint8Array {
  return form.subarray(HEAD.length, form.length - tailOf(kind).length);
}

function tailOf(kind: ArtifactKind): string {
  return `,"kind":"${kind}"}`;
}

class NoForm extends Error {}

/** Lists right inside of the content can be long: they are what logs and diffs consist of. */
async function textInTurns(content: JsonObject): Promise<string> {
  const writer = new Writer();
  const members: string[] = [];
  for (const name of sortedNames(content)) {
    const value = content[name]!;
    const text = isJsonList(value)
      ? `[${(await mapInTurns(value, (item) => writer.textOf(item))).join(',')}]`
      : writer.textOf(value);
    members.push(`${writer.nameOf(name)}:${text}`);
  }
  return `{${members.join(',')}}`;
}

/** Writes one value. Names come again and again, so that each is quoted once. */
class Writer {
  private readonly quoted = new Map<string, string>();

  textOf(value: Json): string {
    if (typeof value === 'string' || typeof value === 'number') return quote(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    if (isJsonList(value)) return this.textOfList(value);
    let text = '{';
    for (const name of sortedNames(value))
      text += `${text.length > 1 ? ',' : ''}${this.nameOf(name)}:${this.textOf(value[name]!)}`;
    return `${text}}`;
  }

  private textOfList(list: readonly Json[]): string {
    let text = '[';
    for (const item of list) text += text.length > 1 ? `,${this.textOf(item)}` : this.textOf(item);
    return `${text}]`;
  }

  nameOf(name: string): string {
    const known = this.quoted.get(name);
    if (known !== undefined) return known;
    const text = quote(name);
    if (this.quoted.size < MOST_NAMES) this.quoted.set(name, text);
    return text;
  }
}

/** Compared by UTF-16 code units, as the RFC demands. */
function sortedNames(object: JsonObject): readonly string[] {
  const names = Object.keys(object);
  for (let at = 1; at < names.length; at++) if (names[at - 1]! > names[at]!) return names.sort();
  return names;
}

function quote(value: string | number): string {
  const fault = faultOf(value);
  if (fault !== undefined) throw new NoForm(fault);
  return JSON.stringify(value);
}

function faultOf(value: Json): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'must be a number that fits into 64 bits';
  if (typeof value === 'string' && !value.isWellFormed()) return 'must not hold one half of a surrogate pair';
  return undefined;
}

/** JSON Pointer of the first value, or name, that has no canonical form. */
function placeOf(value: Json, pointer: string): string | undefined {
  if (faultOf(value) !== undefined) return pointer;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries<Json>(value as JsonObject)) {
    if (faultOf(name) !== undefined) return pointer;
    const place = placeOf(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    if (place !== undefined) return place;
  }
  return undefined;
}

function isJsonList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
