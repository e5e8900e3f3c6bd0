import { type SearchCall, type SearchProvider, type SearchReply } from '@llama-orch/plugin-sdk';
import { type SearchTool as SearchBody, type SearchToolAnswer } from '@llama-orch/client';
import { type Egress, EgressFailure, type OutboundCall, type OutboundUsage } from '../egress/egress.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type Redactor } from '../observability/redactor.js';
import { type CallUsage } from './call-usage.js';
import { joined } from './http-answer.js';
import { demandEnabled, TOOL_VERSION } from './http-tool.js';
import { failureOf, ProviderFailure, resultsOf } from './search-results.js';
import { type SecretHosts } from './secret-hosts.js';
import { type Secrets } from './secrets.js';
import { outboundCaller, type ToolCaller } from './tool-caller.js';
import { type ToolLimits } from './tool-limits.js';

export interface SearchToolPorts {
  readonly limits: ToolLimits;
  /** Undefined when none is configured. */
  readonly provider: SearchProvider | undefined;
  readonly egress: Egress;
  readonly secrets: Secrets;
  readonly secretHosts: SecretHosts;
  readonly usage: CallUsage;
  readonly redactor: Redactor;
  readonly clock: Clock;
}

const DEFAULT_LIMIT = 10;

/** Searches for agents through the configured provider, which reaches the network through egress alone. */
export class SearchTool {
  constructor(private readonly ports: SearchToolPorts) {}

  /** @throws AppError 403 when a call of the provider is refused, 404 without a provider, 429 over a rate */
  async search(body: SearchBody, caller: ToolCaller, signal: AbortSignal): Promise<SearchToolAnswer> {
    const { limits, provider, usage } = this.ports;
    demandEnabled(limits);
    signal.throwIfAborted();
    if (provider === undefined)
      throw new AppError('NOT_FOUND', 'no search provider is configured; the operator sets tools.search');
    const bytes = Buffer.byteLength(body.query);
    return usage.count(caller, bytes, (before) => this.ask(provider, body, caller, before, signal));
  }

  private async ask(
    provider: SearchProvider,
    { query, limit = DEFAULT_LIMIT }: SearchBody,
    caller: ToolCaller,
    usage: OutboundUsage,
    signal: AbortSignal,
  ): Promise<SearchToolAnswer> {
    let refusal: unknown;
    const within = this.withDeadline(signal);
    const fetch = (call: SearchCall) => {
      const reply = this.fetch(call, caller, usage, within.signal);
      // A provider that does not wait for its own call must not bring the daemon down.
      reply.catch((error: unknown) => (refusal ??= error));
      return reply;
    };
    try {
      const found = await Promise.race([provider.search(query, limit, within.signal, fetch), within.late]);
      return { results: resultsOf(found, limit) };
    } catch (error) {
      signal.throwIfAborted();
      return failureOf(reasonFor(error, refusal), this.ports.redactor);
    } finally {
      within.end();
    }
  }

  private async fetch(
    { method = 'GET', url, headers = {}, body, secrets: names = [] }: SearchCall,
    caller: ToolCaller,
    usage: OutboundUsage,
    signal: AbortSignal,
  ): Promise<SearchReply> {
    const { egress, secrets, secretHosts, limits } = this.ports;
    const chosen = configured(secrets, names);
    await secretHosts.check(chosen, url, caller);
    const call: OutboundCall = {
      tool: { name: 'search', version: TOOL_VERSION },
      ...{ method, url, headers: Object.entries(headers), usage },
      body: body === undefined ? undefined : new TextEncoder().encode(body),
      secretHeaders: chosen.map((secret) => secret.headerOf()),
      ...{ maxBytes: limits.max_bytes, timeoutMs: limits.timeout_ms },
      caller: outboundCaller(caller),
    };
    const answer = await egress.send(call, signal);
    const text = new TextDecoder().decode(answer.body);
    return { status: answer.status, headers: joined(answer.headers), text, truncated: answer.truncated };
  }

  /** A provider that never answers is left alone; what it still calls is called off. */
  private withDeadline(signal: AbortSignal) {
    const { clock, limits } = this.ports;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const late = new Promise<never>((_resolve, reject) => {
      either.addEventListener('abort', () =>
        reject(new ProviderFailure('timeout', `it took over ${limits.timeout_ms} ms`)),
      );
    });
    late.catch(() => undefined);
    const cancel = clock.schedule(limits.timeout_ms, () => over.abort());
    return { signal: either, late, end: cancel };
  }
}

/** A refusal or a failed call is what the caller has to know, whatever the provider made of it. @throws AppError */
function reasonFor(error: unknown, refusal: unknown): unknown {
  if (refusal instanceof AppError) throw refusal;
  return refusal instanceof EgressFailure ? refusal : error;
}

/** Names come from the provider's options, so an unknown one is no fault of the caller. */
function configured(secrets: Secrets, names: readonly string[]) {
  try {
    return secrets.named(names);
  } catch (cause) {
    throw new ProviderFailure('provider', 'it names a secret that tools.secrets does not have', { cause });
  }
}
