import { type CallHttpTool, type HttpToolAnswer } from '@llama-orch/client';
import { type Egress, EgressFailure, type OutboundCall, type OutboundUsage } from '../egress/egress.js';
import { AppError } from '../kernel/errors.js';
import { type AnswerCache } from './answer-cache.js';
import { type CallUsage } from './call-usage.js';
import { type CheckedCall, checkedCall } from './checked-call.js';
import { answered, failureOf } from './http-answer.js';
import { type SecretHosts } from './secret-hosts.js';
import { type Secrets } from './secrets.js';
import { outboundCaller, type ToolCaller } from './tool-caller.js';
import { frameOfFailure, framesOf, type ToolFrame } from './tool-frames.js';
import { type ToolLimits } from './tool-limits.js';

export interface HttpToolPorts {
  readonly limits: ToolLimits;
  readonly egress: Egress;
  readonly secrets: Secrets;
  readonly secretHosts: SecretHosts;
  readonly usage: CallUsage;
  readonly cache: AnswerCache;
}

/** What is behind the tool's name; policies can tell one behaviour from a later one by it. */
export const TOOL_VERSION = '1.0.0';

/** Makes HTTP calls for agents, within what operator and policies allow. */
export class HttpTool {
  constructor(private readonly ports: HttpToolPorts) {}

  /**
   * The answer, or what kept the far side from giving one.
   * @throws AppError 400 for a call that makes no sense, 403 for one that is refused, 404 when tools are off, 429 over a rate
   */
  async call(body: CallHttpTool, caller: ToolCaller, signal: AbortSignal): Promise<HttpToolAnswer> {
    try {
      return answered(await this.sent(body, caller, (call) => this.ports.egress.send(call, signal)));
    } catch (error) {
      if (error instanceof EgressFailure) return failureOf(error);
      throw error;
    }
  }

  /** The same for an answer that is passed on as it comes. Resolves when head or failure are known. @throws as `call` does */
  async stream(body: CallHttpTool, caller: ToolCaller, signal: AbortSignal): Promise<AsyncGenerator<ToolFrame>> {
    try {
      return framesOf(await this.sent(body, caller, (call) => this.ports.egress.stream(call, signal)));
    } catch (error) {
      if (error instanceof EgressFailure) return frameOfFailure(error);
      throw error;
    }
  }

  private async sent<Answer>(
    body: CallHttpTool,
    caller: ToolCaller,
    send: (call: OutboundCall) => Promise<Answer>,
  ): Promise<Answer> {
    const { limits, secrets, secretHosts, usage } = this.ports;
    demandEnabled(limits);
    const call = checkedCall(body, limits, secrets);
    await secretHosts.check(call.secrets, call.url, caller);
    return usage.count(caller, call.body?.length ?? 0, (before) => send(this.outbound(call, caller, before)));
  }

  private outbound(call: CheckedCall, caller: ToolCaller, usage: OutboundUsage): OutboundCall {
    const { limits, cache } = this.ports;
    const { method, url, headers, body, maxBytes, timeoutMs, allowedMimeTypes, secrets } = call;
    const kept = cache.for({ tenant: caller.tenant, secrets: secrets.map(({ name }) => name), maxBytes });
    return {
      tool: { name: 'http.fetch', version: TOOL_VERSION },
      ...{ method, url, headers, body, maxBytes, timeoutMs, allowedMimeTypes, usage },
      deniedMimeTypes: limits.denied_mime_types,
      secretHeaders: secrets.map((secret) => secret.headerOf()),
      caller: outboundCaller(caller),
      ...(kept === undefined ? {} : { kept }),
    };
  }
}

/** @throws AppError 404 when the operator switched tools off */
export function demandEnabled({ enabled }: ToolLimits): void {
  if (!enabled) throw new AppError('NOT_FOUND', 'tools are switched off here; the operator sets tools.enabled');
}
