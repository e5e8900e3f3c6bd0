import { type Json } from '@llama-orch/policy-sdk/abi';

/** The unescaped tokens of an RFC 6901 pointer; undefined when it is none. */
export function pointerTokens(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function pointerToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** What the pointer names; undefined when there is nothing. Only own members count. */
export function valueAt(document: Json, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const token of pointerTokens(pointer) ?? [undefined]) {
    if (token === undefined || value === undefined) return undefined;
    value = memberOf(value, token);
  }
  return value;
}

export function memberOf(value: Json, token: string): Json | undefined {
  if (isArray(value)) return isIndex(token) ? value[Number(token)] : undefined;
  if (!isObject(value)) return undefined;
  return Object.hasOwn(value, token) ? value[token] : undefined;
}

export function isIndex(token: string): boolean {
  return /^(?:0|[1-9]\d{0,8})$/.test(token);
}

export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function isObject(value: Json): value is { readonly [member: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
