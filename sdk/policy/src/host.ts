import { type Json } from './abi.js';

/** Functions of the host that a policy may ask, each for a capability of the same name. */
export const CAPABILITIES = [
  'ip_in',
  'host_match',
  'glob',
  'url_parse',
  'json_get',
  'body_read',
  'sha256',
  'pseudonym',
  'scan',
  'counter',
] as const;

/** A function of the host, named as its capability is. */
export type HostFunction = (typeof CAPABILITIES)[number];
/** Levels of {@link log}. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What stands between a policy and its host. Inside WASM the glue gives it, in tests the test kit does. */
export interface HostLink {
  /** Null where the host has nothing to say. */
  ask(name: HostFunction, values: readonly (string | number)[]): Json;
  log(level: LogLevel, text: string): void;
  /** Capabilities that the policy declared. */
  readonly capabilities: readonly string[];
}

/** One per program, however often this file is loaded. */
const LINK = Symbol.for('llama-orch.policy.host');
const place = globalThis as { [LINK]?: HostLink };

/** Answers how to take it back. */
export function linkHost(link: HostLink | undefined): () => void {
  const before = place[LINK];
  place[LINK] = link;
  return () => (place[LINK] = before);
}

/** True when the policy declared it, and runs where there is a host. */
export function canAsk(name: HostFunction): boolean {
  return place[LINK]?.capabilities.includes(name) ?? false;
}

/** Asks the host. @throws Error when the policy did not declare the capability */
export function ask(name: HostFunction, ...values: readonly (string | number)[]): Json {
  const link = place[LINK];
  if (link === undefined)
    throw new Error(`${name}: only a policy that is being asked has a host; call it inside a hook`);
  if (!link.capabilities.includes(name)) {
    throw new Error(`${name}: the policy does not declare it; add capabilities: ['${name}'] to definePolicy`);
  }
  return link.ask(name, values);
}

/** Writes to the log of the host, 64 lines and 8 KB a call at most. There is no console in a policy. */
export function log(text: string, level: LogLevel = 'info'): void {
  place[LINK]?.log(level, text);
}

/** Parts of a URL that stands inside of a body or a header. The URL of the call itself comes parsed. */
export interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly port: number | null;
  readonly path: string;
}

/** What the host computes for a policy: the same for the same event, and part of the record. */
export const host = {
  /** Hex. */
  sha256: (text: string): string => ask('sha256', text) as string,
  /** The same for the same text within one tenant, and tells nothing about it. */
  pseudonym: (text: string): string => ask('pseudonym', text) as string,
  /** Null when it is no URL. */
  parseUrl: (text: string): UrlParts | null => ask('url_parse', text) as UrlParts | null,
  /** `*` within one part of a path, `**` over several. */
  glob: (path: string, pattern: string): boolean => ask('glob', path, pattern) === 1,
  /** A number that the host counts, frozen when the decision began: one of `POLICY_COUNTERS`, else 0. */
  counter: (name: string): number => ask('counter', name) as number,
} as const;
