import { type RequestEvent } from '@llama-orch/policy-sdk/abi';

/** Settings that let through what was seen and nothing else. */
export interface Suggestion {
  readonly calls: number;
  /** Settings of allow-hosts. */
  readonly allow_hosts: {
    readonly hosts: readonly string[];
    readonly schemes?: readonly string[];
    readonly ports?: readonly number[];
  };
  /** Settings of method-guard. */
  readonly method_guard: {
    readonly methods: readonly string[];
    /** Where hosts were not all called alike. */
    readonly rules?: readonly { readonly hosts: readonly string[]; readonly methods: readonly string[] }[];
    readonly allow_body_with_get?: true;
  };
  /** Settings of size-limit: the largest request body, rounded up to a power of two; 0 when none had one. */
  readonly size_limit: { readonly max_request_bytes: number };
  readonly seen: readonly SeenHost[];
  /** Calls to hosts that a list would take for more than themselves: `*.example` resolves, and is a wildcard there. */
  readonly left_out: number;
}

/** What was called on one host. */
export interface SeenHost {
  readonly host: string;
  readonly calls: number;
  readonly methods: readonly string[];
  readonly ports: readonly number[];
  /** First segments of paths, at most ten. */
  readonly paths: readonly string[];
}

/** A name or an address. */
const NAME = /^[a-z0-9_:.-]+$/i;
const MOST_PATHS = 10;

/** The tightest allow-list for a day of calls. Names are listed one by one: a wildcard would let through what nobody asked for. */
export function suggestionFor(requests: readonly RequestEvent[]): Suggestion {
  const named = requests.filter(({ request }) => NAME.test(request.url.host));
  return { ...suggestionOf(named), left_out: requests.length - named.length };
}

function suggestionOf(requests: readonly RequestEvent[]): Omit<Suggestion, 'left_out'> {
  const seen = [...byHost(requests)].map(([host, events]) => seenHost(host, events)).sort(byName);
  const urls = requests.map(({ request }) => request.url);
  const bytes = requests.reduce((most, { request }) => Math.max(most, request.body?.bytes ?? 0), 0);
  const ways = { schemes: distinct(urls.map(({ scheme }) => scheme)), ports: distinctPorts(urls) };
  return {
    calls: requests.length,
    allow_hosts: { hosts: seen.map(({ host }) => host), ...(requests.length === 0 ? {} : ways) },
    method_guard: methodGuard(requests, seen),
    size_limit: { max_request_bytes: bytes === 0 ? 0 : 2 ** Math.ceil(Math.log2(bytes)) },
    seen,
  };
}

function methodGuard(requests: readonly RequestEvent[], seen: readonly SeenHost[]): Suggestion['method_guard'] {
  const rules = Object.values(Object.groupBy(seen, ({ methods }) => methods.join())).map((hosts = []) => ({
    hosts: hosts.map(({ host }) => host),
    methods: hosts[0]!.methods,
  }));
  const hasOddBody = requests.some(({ request }) => ['GET', 'HEAD'].includes(request.method) && request.body !== null);
  return {
    methods: distinct(requests.map(({ request }) => request.method)),
    ...(rules.length > 1 ? { rules } : {}),
    ...(hasOddBody ? { allow_body_with_get: true as const } : {}),
  };
}

function byHost(requests: readonly RequestEvent[]): Map<string, RequestEvent[]> {
  const groups = new Map<string, RequestEvent[]>();
  for (const event of requests) {
    const { host } = event.request.url;
    const group = groups.get(host);
    if (group === undefined) groups.set(host, [event]);
    else group.push(event);
  }
  return groups;
}

function seenHost(host: string, events: readonly RequestEvent[]): SeenHost {
  const urls = events.map(({ request }) => request.url);
  return {
    host,
    calls: events.length,
    methods: distinct(events.map(({ request }) => request.method)),
    ports: distinctPorts(urls),
    paths: distinct(urls.map(({ path }) => `/${path.split('/')[1] ?? ''}`)).slice(0, MOST_PATHS),
  };
}

function distinctPorts(urls: readonly { readonly port: number }[]): readonly number[] {
  return [...new Set(urls.map(({ port }) => port))].sort((a, b) => a - b);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function byName({ host: a }: SeenHost, { host: b }: SeenHost): number {
  return a < b ? -1 : 1;
}
