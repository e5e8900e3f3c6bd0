import { REDACTED } from '../redactor.js';
import { isMasked } from './rules.js';
import { isSecretName } from './secret-names.js';

const DEEPEST = 64;
const CIRCULAR = '[circular]';

/** What a member that throws is read as. */
const UNREADABLE = Symbol('unreadable');

/**
 * A value without its secrets: a copy, or where there is nothing to take out the value itself. Members that cannot be
 * read, and what lies too deep, are taken out.
 */
export function clone(value: unknown, by: Cleaner): unknown {
  return copy(value, by, []);
}

/** How texts are cleaned, and names of members. */
export interface Cleaner {
  text(text: string): string;
  name(name: string): string;
}

function copy(value: unknown, by: Cleaner, above: readonly object[]): unknown {
  if (typeof value === 'string') return by.text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return CIRCULAR;
  if (above.length >= DEEPEST) return REDACTED;
  const inside = [...above, value];
  if (Array.isArray(value)) return copyOfList(value, (item) => copy(item, by, inside));
  if (value instanceof Error) return by.text(`${value.name}: ${value.message}`);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (hasJsonForm(value)) return copy(value.toJSON(), by, inside);
  return copyOfMembers(value, by, inside);
}

function copyOfMembers(value: object, by: Cleaner, inside: readonly object[]): unknown {
  let isChanged = !isPlain(value);
  const members = Object.keys(value).map((name) => {
    const member = memberOf(value, name);
    const kept = [by.name(name), isHidden(name, member) ? REDACTED : copy(member, by, inside)] as const;
    isChanged ||= kept[0] !== name || kept[1] !== member;
    return kept;
  });
  return isChanged ? Object.fromEntries(members) : value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function hasJsonForm(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** A pair of a secret name and a text is a header or a parameter. */
function copyOfList(list: readonly unknown[], copyOf: (item: unknown) => unknown): unknown {
  const [name, member] = list;
  if (list.length === 2 && typeof name === 'string' && typeof member === 'string' && hides(name, member))
    return [name, REDACTED];
  const copied = list.map(copyOf);
  return copied.some((item, at) => item !== list[at]) ? copied : list;
}

function isHidden(name: string, member: unknown): boolean {
  return member === UNREADABLE || hides(name, member);
}

function hides(name: string, member: unknown): boolean {
  if (!isSecretName(name) || member === undefined || member === null || member === '') return false;
  return typeof member !== 'string' || !isMasked(member);
}

function memberOf(value: object, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return UNREADABLE;
  }
}
