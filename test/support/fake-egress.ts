import { Egress, type OutboundAnswer, type OutboundCall, type OutboundStream } from '../../src/egress/egress.js';
import { type ToolCaller } from '../../src/tools/tool-caller.js';

/** An answer of a far side that says `old pond`; members over it. */
export function outboundAnswer(members: Partial<OutboundAnswer> = {}): OutboundAnswer {
  const body = members.body ?? new TextEncoder().encode('old pond');
  return {
    ...{ status: 200, headers: [['content-type', 'text/plain']], truncated: false, bytes: body.length },
    ...{ finalUrl: 'https://a.example/', decisionId: 'decision-1', policy: undefined, outcomes: [], auditSeq: 7 },
    ...members,
    body,
  };
}

/** The caller of tests without a task. */
export const TOOL_CALLER: ToolCaller = {
  ...{ actor: 'local', tenant: 'default', correlationId: 'corr-1', traceparent: null, sessionId: null, taskId: null },
  ...{ attempt: 1, labels: {}, task: undefined, session: undefined },
};

/** A door that leads nowhere: it keeps the calls, and answers what the test says. */
export class FakeEgress extends Egress {
  readonly calls: OutboundCall[] = [];

  constructor(
    private readonly answer: (
      call: OutboundCall,
      signal: AbortSignal,
    ) => Promise<OutboundAnswer> | OutboundAnswer = () => outboundAnswer(),
  ) {
    super();
  }

  override async send(call: OutboundCall, signal: AbortSignal): Promise<OutboundAnswer> {
    this.calls.push(call);
    return this.answer(call, signal);
  }

  /** The body comes in pieces of two bytes. */
  override async stream(call: OutboundCall, signal: AbortSignal): Promise<OutboundStream> {
    const { body, bytes, truncated, auditSeq, ...head } = await this.send(call, signal);
    return { ...head, body: pairsOf(body), end: Promise.resolve({ bytes, truncated, auditSeq }) };
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

async function* pairsOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 2) yield bytes.subarray(at, at + 2);
}
