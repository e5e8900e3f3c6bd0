import { type Json } from '../abi.js';

/** What stands at a JSON Pointer (RFC 6901); undefined when nothing does. Own members alone, so no prototype is reached. */
export function valueAt(document: Json, pointer: string): Json | undefined {
  if (pointer === '') return document;
  if (!pointer.startsWith('/'))
    throw new Error(`${JSON.stringify(pointer)} is no JSON Pointer: it begins with a slash, as in /user/email`);
  let value: Json | undefined = document;
  for (const token of pointer.slice(1).split('/'))
    value = member(value, token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return value;
}

function member(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(name) ? (value as readonly Json[])[Number(name)] : undefined;
  return Object.hasOwn(value, name) ? (value as { readonly [member: string]: Json })[name] : undefined;
}
