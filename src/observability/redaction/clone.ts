import { REDACTED } from '../redactor.js';
import { isMasked } from './rules.js';
import { isSecretName } from './secret-names.js';

const DEEPEST = 64;
const CIRCULAR = '[circular]';

/** A copy of a value without its secrets. Members that cannot be read, and what lies too deep, are taken out. */
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
  return Object.fromEntries(
    Object.keys(value).map((name) => {
      const member = memberOf(value, name);
      return [by.name(name), hides(name, member) ? REDACTED : copy(member, by, inside)];
    }),
  );
}

function hasJsonForm(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** A pair of a secret name and a text is a header or a parameter. */
function copyOfList(list: readonly unknown[], copyOf: (item: unknown) => unknown): unknown {
  const [name, member] = list;
  if (list.length === 2 && typeof name === 'string' && typeof member === 'string' && hides(name, member))
    return [name, REDACTED];
  return list.map(copyOf);
}

function hides(name: string, member: unknown): boolean {
  if (!isSecretName(name) || member === undefined || member === null || member === '') return false;
  return typeof member !== 'string' || !isMasked(member);
}

function memberOf(value: object, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return REDACTED;
  }
}
