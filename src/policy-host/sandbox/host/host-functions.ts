import { createHash } from 'node:crypto';
import { type Json } from '@llama-orch/policy-sdk/abi';
import { type CallContext } from './call-context.js';
import { findingsIn, pseudonymOf } from './findings.js';
import { valueAt } from './json-pointer.js';
import { glob, hostMatch, ipIn } from './matching.js';
import { urlParts } from './url-parts.js';

/** Text comes as the address of a block, a number as itself. */
type Parameter = 'text' | 'number';

/** What a function answers, and what it costs beyond the price of any call to the host. */
export interface HostAnswer {
  /** Null becomes the address 0. */
  readonly value: Json;
  /** The value is base64 of bytes. */
  readonly isBytes?: true;
  readonly fuel: number;
}

export interface HostFunctionSpec {
  readonly parameters: readonly Parameter[];
  answer(context: CallContext, ...values: never[]): HostAnswer;
}

/** Fuel of one byte that is hashed, parsed or searched: about what a policy of compiled code would take for it. */
const PER_BYTE = { hash: 2, parse: 4, search: 8 } as const;
const HASH = 500;

/** The functions of `llama-orch:policy/v1` that give answers; `log` gives none. */
export const HOST_FUNCTIONS: Readonly<Record<string, HostFunctionSpec>> = {
  ip_in: {
    parameters: ['text', 'text'],
    answer: (_: CallContext, ip: string, range: string) => ({
      value: Number(ipIn(ip, range)),
      fuel: ip.length + range.length,
    }),
  },
  host_match: {
    parameters: ['text', 'text'],
    answer: (_: CallContext, host: string, pattern: string) => ({
      value: Number(hostMatch(host, pattern)),
      fuel: host.length + pattern.length,
    }),
  },
  glob: {
    parameters: ['text', 'text'],
    answer: (_: CallContext, path: string, pattern: string) => globbed(path, pattern),
  },
  url_parse: {
    parameters: ['text'],
    answer: (_: CallContext, text: string) => ({ value: urlParts(text), fuel: PER_BYTE.parse * text.length }),
  },
  json_get: {
    parameters: ['number', 'text'],
    answer: (context: CallContext, handle: number, pointer: string) => jsonGet(context, handle, pointer),
  },
  body_read: {
    parameters: ['number', 'number', 'number'],
    answer: (context: CallContext, handle: number, offset: number, length: number) =>
      bodyRead(context, handle, offset, length),
  },
  sha256: {
    parameters: ['text'],
    answer: (_: CallContext, text: string) => ({
      value: createHash('sha256').update(text).digest('hex'),
      fuel: HASH + PER_BYTE.hash * text.length,
    }),
  },
  pseudonym: {
    parameters: ['text'],
    answer: ({ rules, tenant }: CallContext, text: string) => ({
      value: pseudonymOf(rules.key, tenant, text),
      fuel: HASH + PER_BYTE.hash * text.length,
    }),
  },
  scan: {
    parameters: ['number'],
    answer: ({ bodies, rules, tenant }: CallContext, handle: number) => {
      const body = bodies.get(handle);
      if (body === undefined) return { value: null, fuel: 0 };
      return { value: findingsIn(body, rules, tenant) as unknown as Json, fuel: PER_BYTE.search * body.length };
    },
  },
  counter: {
    parameters: ['text'],
    answer: ({ counters }: CallContext, name: string) => ({
      value: Object.hasOwn(counters, name) ? Math.trunc(counters[name] ?? 0) : 0,
      fuel: name.length,
    }),
  },
};

/** Both texts bounded, as the work is their product and is charged when it is done. */
const LONGEST_GLOB = { path: 8_192, pattern: 256 };

function globbed(path: string, pattern: string): HostAnswer {
  const isTooLong = path.length > LONGEST_GLOB.path || pattern.length > LONGEST_GLOB.pattern;
  if (isTooLong) return { value: 0, fuel: LONGEST_GLOB.path };
  return { value: Number(glob(path, pattern)), fuel: (path.length + 1) * (pattern.length + 1) };
}

function jsonGet({ bodies }: CallContext, handle: number, pointer: string): HostAnswer {
  const body = bodies.get(handle);
  if (body === undefined) return { value: null, fuel: pointer.length };
  const found = valueAt(documentOf(body), pointer);
  return {
    value: found === undefined ? null : textOf(found),
    fuel: pointer.length + PER_BYTE.parse * body.length,
  };
}

/** Null for what is nested too deeply to be written out. */
function textOf(value: Json): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** A policy that reads member by member parses once; its price stays that of parsing each time. */
const documents = new WeakMap<Uint8Array, Json>();

function documentOf(body: Uint8Array): Json {
  const known = documents.get(body);
  if (known !== undefined) return known;
  const document = parsed(body);
  documents.set(body, document);
  return document;
}

/** Null, in which no pointer but the empty one finds anything, when it is not JSON. */
function parsed(body: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as Json;
  } catch {
    return null;
  }
}

function bodyRead({ bodies }: CallContext, handle: number, offset: number, length: number): HostAnswer {
  const body = bodies.get(handle);
  if (body === undefined || offset < 0 || length < 0 || offset > body.length) return { value: null, fuel: 0 };
  const part = body.subarray(offset, offset + length);
  return { value: Buffer.from(part).toString('base64'), isBytes: true, fuel: part.length };
}
