import { type OutboundCaller } from '../egress/egress.js';

/** A task that calls are made for; the object itself stands for it as long as it can be read. */
export interface CallingTask {
  readonly key: string;
}

/** Who calls a tool, and for which session and task of theirs. */
export interface ToolCaller extends Omit<OutboundCaller, 'labels'> {
  readonly task: CallingTask | undefined;
}

/** The caller as guard, policies and audit know it. */
export function outboundCaller(caller: ToolCaller, labels: Readonly<Record<string, string>> = {}): OutboundCaller {
  const { actor, tenant, correlationId, traceparent, sessionId, taskId } = caller;
  return { actor, tenant, correlationId, traceparent, sessionId, taskId, labels };
}
