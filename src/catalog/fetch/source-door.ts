import { randomUUID } from 'node:crypto';
import { type ModelSource, type SourceCall, type SourceFetch } from '@llama-orch/plugin-sdk';
import { type Egress, type OutboundCall, type OutboundStream } from '../../egress/egress.js';
import { type FetchOrder } from './local-model.js';

export type Header = readonly [string, string];

const TOOL = { name: 'download', version: '1.0.0' } as const;
const MOST_REPLY_BYTES = 16 * 1024 * 1024;
const REPLY_MS = 60_000;
/** The largest weights over a slow line; a line that falls silent is given up long before. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** The network as the source of one order may use it: through egress alone, in the name of whoever ordered. */
export class SourceDoor {
  constructor(
    private readonly egress: Egress,
    private readonly source: ModelSource,
    private readonly order: FetchOrder,
  ) {}

  /** For the answers that a source reads itself. */
  fetchFor(signal: AbortSignal): SourceFetch {
    return async (call) => {
      const limits = { maxBytes: MOST_REPLY_BYTES, timeoutMs: REPLY_MS };
      const { status, headers, body, finalUrl } = await this.egress.send(this.callFor(call, [], limits), signal);
      return { status, headers: Object.fromEntries(headers), body, finalUrl };
    };
  }

  /** For the bytes of files. */
  stream(call: SourceCall, headers: readonly Header[], maxBytes: number, signal: AbortSignal): Promise<OutboundStream> {
    return this.egress.stream(this.callFor(call, headers, { maxBytes, timeoutMs: LONGEST_MS }), signal);
  }

  private callFor(
    { method = 'GET', url, headers = {}, secretHeaders = {}, body }: SourceCall,
    more: readonly Header[],
    limits: Pick<OutboundCall, 'maxBytes' | 'timeoutMs'>,
  ): OutboundCall {
    return {
      ...{ tool: TOOL, method, url, ...limits },
      headers: [...Object.entries(headers), ...more],
      body: body === undefined ? undefined : new TextEncoder().encode(body),
      secretHeaders: Object.entries(secretHeaders),
      isNamedByOperator: this.isNamed(url),
      caller: { ...this.caller(), traceparent: null, sessionId: null, taskId: null, attempt: 1, labels: {} },
    };
  }

  private caller() {
    const { caller } = this.order;
    return caller ?? { actor: 'system', tenant: 'default', correlationId: randomUUID() };
  }

  /** What the operator wrote may be private: options of the source, and the host of a ref in the configuration. */
  private isNamed(url: string): boolean {
    const called = URL.parse(url);
    if (called === null) return false;
    if (this.source.origins?.includes(called.origin) === true) return true;
    return this.order.isNamedByOperator === true && hostIn(this.order.ref) === called.host;
  }
}

function hostIn(ref: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/.exec(ref)?.[1]?.toLowerCase();
}
