import { type Json } from '../abi.js';
import { below } from '../schema/object.js';
import { isJsonObject } from '../schema/schema.js';

/** Where two values differ first, as a JSON Pointer; undefined when they are equal. */
export function firstDifference(a: Json | undefined, b: Json | undefined, at = ''): string | undefined {
  if (a === b) return undefined;
  if (Array.isArray(a) && Array.isArray(b))
    return firstIn([...Array(Math.max(a.length, b.length)).keys()].map(String), a, b, at);
  if (a === undefined || b === undefined || !isJsonObject(a) || !isJsonObject(b)) return at || '/';
  return firstIn([...new Set([...Object.keys(a), ...Object.keys(b)])], a, b, at);
}

function firstIn(names: readonly string[], a: Json, b: Json, at: string): string | undefined {
  for (const name of names) {
    const found = firstDifference(member(a, name), member(b, name), below(at, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function member(value: Json, name: string): Json | undefined {
  return (value as { readonly [member: string]: Json })[name];
}

/** Members that are expected and are not so; members that are not expected are free, in lists too. */
export function unmetExpectation(expected: { readonly [member: string]: Json }, actual: object): string | undefined {
  for (const [name, value] of Object.entries(expected)) {
    const found = (actual as { readonly [member: string]: Json })[name];
    if (firstDifference(value, found) === undefined) continue;
    return `${name} is ${JSON.stringify(found) ?? 'absent'}, expected ${JSON.stringify(value)}`;
  }
  return undefined;
}
