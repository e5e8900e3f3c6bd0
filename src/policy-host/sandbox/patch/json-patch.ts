import { isDeepStrictEqual } from 'node:util';
import { type Json, type JsonPatchOp } from '@llama-orch/policy-sdk/abi';
import { isArray, isIndex, isObject, memberOf, pointerTokens } from '../host/json-pointer.js';
import { RefusedPatch } from './refused-patch.js';

/** Values that copies may add together: each copy of a copy doubles what it takes. */
const MOST_COPIED = 100_000;

/** RFC 6902. The document stays as it is; what the patch does not touch is shared with the answer. */
export function patchedJson(document: Json, patch: readonly JsonPatchOp[]): Json {
  let left = MOST_COPIED;
  return patch.reduce((current, op) => {
    if (op.op === 'copy') left -= sizeOf(at(current, tokensOf(op.from)), left);
    if (left < 0) throw new RefusedPatch('a json patch copies too much');
    return applied(current, op);
  }, document);
}

function applied(document: Json, op: JsonPatchOp): Json {
  const path = tokensOf(op.path);
  switch (op.op) {
    case 'add':
      return added(document, path, op.value);
    case 'remove':
      return removed(document, path);
    case 'replace':
      at(document, path);
      return path.length === 0 ? op.value : added(removed(document, path), path, op.value);
    case 'copy':
      return added(document, path, at(document, tokensOf(op.from)));
    case 'move':
      return moved(document, tokensOf(op.from), path);
    case 'test':
      if (isDeepStrictEqual(at(document, path), op.value)) return document;
      throw new RefusedPatch('a test of a json patch does not hold');
  }
}

function moved(document: Json, from: readonly string[], path: readonly string[]): Json {
  const isInside = path.length > from.length && from.every((token, index) => token === path[index]);
  if (isInside) throw new RefusedPatch('a json patch moves a value into itself');
  const value = at(document, from);
  return from.length === 0 ? value : added(removed(document, from), path, value);
}

function at(document: Json, path: readonly string[]): Json {
  let value: Json | undefined = document;
  for (const token of path) value = value === undefined ? undefined : memberOf(value, token);
  if (value === undefined) throw missing();
  return value;
}

function added(document: Json, [token, ...rest]: readonly string[], value: Json): Json {
  if (token === undefined) return value;
  if (rest.length > 0) return withMember(document, token, added(at(document, [token]), rest, value));
  return isArray(document) ? inserted(document, token, value) : withMember(document, token, value);
}

function inserted(list: readonly Json[], token: string, value: Json): Json {
  const index = token === '-' ? list.length : isIndex(token) ? Number(token) : Infinity;
  if (index > list.length) throw missing();
  return list.toSpliced(index, 0, value);
}

function removed(document: Json, [token, ...rest]: readonly string[]): Json {
  if (token === undefined) throw new RefusedPatch('a json patch removes the whole document');
  if (rest.length > 0) return withMember(document, token, removed(at(document, [token]), rest));
  at(document, [token]);
  if (isArray(document)) return document.toSpliced(Number(token), 1);
  return Object.fromEntries(Object.entries(document as object).filter(([name]) => name !== token));
}

/** A computed member and a spread make own members, whatever the name: `__proto__` is a name like others. */
function withMember(document: Json, token: string, value: Json): Json {
  if (isArray(document)) return document.with(Number(token), value);
  if (!isObject(document)) throw missing();
  return { ...document, [token]: value };
}

function tokensOf(pointer: string): readonly string[] {
  const tokens = pointerTokens(pointer);
  if (tokens === undefined) throw new RefusedPatch('a json patch has a path that is no JSON Pointer');
  return tokens;
}

function missing(): RefusedPatch {
  return new RefusedPatch('a json patch names a place that is not there');
}

/** Values in a value, counted no further than the bound. */
function sizeOf(root: Json, bound: number): number {
  const left: Json[] = [root];
  let size = 0;
  for (let next = left.pop(); next !== undefined && size <= bound; next = left.pop()) {
    size += typeof next === 'string' ? 1 + next.length / 16 : 1;
    if (next !== null && typeof next === 'object') for (const member of Object.values<Json>(next)) left.push(member);
  }
  return size;
}
