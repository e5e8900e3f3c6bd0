import { type OutboundCaller } from '../egress/egress.js';

/** A task or session that calls are made for; the object itself stands for it as long as it can be read. */
export interface CalledFor {
  readonly key: string;
}

/** Who calls a tool, and for which session and task of theirs. */
export interface ToolCaller extends OutboundCaller {
  readonly task: CalledFor | undefined;
  /** The one that was named, else that of the task. */
  readonly session: CalledFor | undefined;
}

/** The caller as guard, policies and audit know it. */
export function outboundCaller({ task: _task, session: _session, ...caller }: ToolCaller): OutboundCaller {
  return caller;
}
