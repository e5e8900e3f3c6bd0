import { matchesHost } from './context/host-patterns.js';

/** What an agent may be told of a tool, and is held to before it asks. */
export interface ToolHints {
  /** Hosts, or `*.` and a domain, as in the settings of policies. Absent: whatever policies allow. */
  readonly allowedDomains?: readonly string[];
  /** Bytes of the answer that are read. */
  readonly maxBytes?: number;
}

/** Ties a call to what it is made for. */
export interface ToolCaller {
  /** Comes back in logs, audit and answer. */
  readonly correlationId?: string;
  /** Session whose budget and audit it counts for. */
  readonly sessionId?: string;
  /** Task that it is made for; policies see its labels. */
  readonly taskId?: string;
}

/** A call of `http.fetch`: what is sent, and what may come back. */
export interface FetchOptions extends ToolHints, ToolCaller {
  /** GET unless said. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as they are; those that belong to a connection are refused by the daemon. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, sent as UTF-8. */
  readonly body?: string;
  /** Names of secrets that the operator configured; the daemon adds them after the decision. */
  readonly secrets?: readonly string[];
  /** Milliseconds for all of the call; the daemon has a cap. */
  readonly timeoutMs?: number;
  /** `text/html`, `image/*`. */
  readonly allowedMimeTypes?: readonly string[];
}

/** A call of `search`. */
export interface SearchOptions extends ToolCaller {
  /** Results at most; 10 unless said. */
  readonly limit?: number;
}

/** A request to the daemon, for whatever client sends it. Nothing is sent here. */
export interface ToolCall {
  readonly method: 'POST';
  readonly path: '/v1/tools/http' | '/v1/tools/search';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls of the host's tools, built and typed. For agents and their frameworks; it does no I/O. */
export const tools = {
  /** @throws Error when the URL is none, or its host is not among the allowed domains */
  fetch(url: string, options: FetchOptions = {}): ToolCall {
    const { method, headers, body, secrets, maxBytes, timeoutMs, allowedMimeTypes, allowedDomains } = options;
    if (allowedDomains !== undefined) requireDomain(url, allowedDomains);
    const members = { method, url, headers, body, secrets, max_bytes: maxBytes, timeout_ms: timeoutMs };
    return call('/v1/tools/http', { ...members, allowed_mime_types: allowedMimeTypes }, options);
  },

  /** A search by the provider that the operator configured. */
  search(query: string, options: SearchOptions = {}): ToolCall {
    return call('/v1/tools/search', { query, limit: options.limit }, options);
  },

  /** A sentence for the `hint` of a refusal, from which an agent learns what it may do instead. */
  hint(tool: 'fetch' | 'search', { allowedDomains = [], maxBytes }: ToolHints = {}): string {
    const domains = allowedDomains.length === 0 ? '' : ` for ${allowedDomains.join(', ')}`;
    return `use the tool ${tool}${domains}${maxBytes === undefined ? '' : `, at most ${maxBytes} bytes`}`;
  },
} as const;

function call(path: ToolCall['path'], members: object, caller: ToolCaller): ToolCall {
  const { correlationId, sessionId, taskId } = caller;
  const all = { ...members, session_id: sessionId, task_id: taskId };
  return {
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/json',
      ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    },
    body: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  };
}

function requireDomain(url: string, allowed: readonly string[]): void {
  if (!URL.canParse(url)) throw new Error(`tools.fetch: ${JSON.stringify(url)} is no URL`);
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isIp = host.includes(':') || /\.\d+$/.test(host);
  if (matchesHost({ text: host, isIp }, allowed)) return;
  throw new Error(`tools.fetch: ${host} is not among the allowed domains (${allowed.join(', ')})`);
}
