import { createHmac } from 'node:crypto';
import { type Finding, type Json } from '@llama-orch/policy-sdk/abi';
import { type FindingRules } from '../policy-set.js';
import { isArray, isObject, pointerToken } from './json-pointer.js';

const MOST_FINDINGS = 256;
/** Bytes of a body that are looked at. */
const MOST_SCANNED = 1024 * 1024;
const HASH_LENGTH = 32;
const LONGEST_POINTER = 1_000;

export interface PreparedRules {
  readonly patterns: readonly { readonly class: string; readonly expression: RegExp }[];
  readonly key: Uint8Array;
}

export const NO_RULES: PreparedRules = { patterns: [], key: new Uint8Array(32) };

export function prepareRules({ patterns, key }: FindingRules): PreparedRules {
  const prepared = patterns.map((one) => ({ class: one.class, expression: new RegExp(one.source, 'gu') }));
  return { patterns: prepared, key };
}

/** The same for the same text and tenant; tells nothing of the text to who lacks the key. */
export function pseudonymOf(key: Uint8Array, tenant: string, text: string): string {
  return createHmac('sha256', keyOfTenant(key, tenant)).update(text).digest('hex').slice(0, HASH_LENGTH);
}

/** Of the last call: one body has many texts of one tenant. */
let lastTenant: { readonly key: Uint8Array; readonly tenant: string; readonly own: Uint8Array } | undefined;

function keyOfTenant(key: Uint8Array, tenant: string): Uint8Array {
  if (lastTenant?.key !== key || lastTenant.tenant !== tenant)
    lastTenant = { key, tenant, own: createHmac('sha256', key).update(`tenant:${tenant}`).digest() };
  return lastTenant.own;
}

/** What the patterns find in a body, with places as pointers below `/body`. */
export function findingsIn(body: Uint8Array, rules: PreparedRules, tenant: string): Finding[] {
  const text = new TextDecoder().decode(body.subarray(0, MOST_SCANNED));
  const findings: Finding[] = [];
  for (const { at, value } of textsIn(text)) {
    for (const pattern of rules.patterns) {
      for (const [found] of value.matchAll(pattern.expression)) {
        if (findings.length >= MOST_FINDINGS) return findings;
        if (found !== '') findings.push({ class: pattern.class, at, hash: pseudonymOf(rules.key, tenant, found) });
      }
    }
  }
  return findings;
}

/** Texts of a JSON document with their pointers; all of the body when it is none. */
function* textsIn(text: string): Generator<{ at: string; value: string }> {
  const document = parsed(text);
  if (document === undefined) yield { at: '/body', value: text };
  else yield* leavesOf(document);
}

/** Without recursion: how deep a body is nested, and how wide, is up to whoever sent it. */
function* leavesOf(document: Json): Generator<{ at: string; value: string }> {
  const left: { at: string; value: Json }[] = [{ at: '/body', value: document }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { at, value } = next;
    if (typeof value === 'string') yield { at, value };
    for (const [name, member] of membersOf(value).reverse()) left.push({ at: below(at, name), value: member });
  }
}

/** Where nesting makes pointers too long, they name what holds the place. */
function below(at: string, name: string): string {
  return at.length + name.length > LONGEST_POINTER ? at : `${at}/${pointerToken(name)}`;
}

function membersOf(value: Json): [string, Json][] {
  return isArray(value) || isObject(value) ? Object.entries(value) : [];
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
