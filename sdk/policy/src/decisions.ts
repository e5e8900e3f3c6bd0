import { type Decision, type PatchOp, type RateLimit, type Redaction } from './abi.js';

/** A decision under construction. A hook returns it; it becomes the JSON of a decision by itself. */
export class Answer {
  constructor(private readonly decision: Decision) {}

  /** The decision as the host gets it. */
  toJSON(): Decision {
    return this.decision;
  }

  /** Recorded with the decision. */
  label(name: string, value: string): Answer {
    return new Answer({ ...this.decision, labels: { ...this.decision.labels, [name]: value } });
  }

  /** What the caller may do instead; shown to the agent. */
  hint(hint: string): Answer {
    return new Answer({ ...this.decision, hint });
  }

  /**
   * Both answers in one: any deny wins, patches and redactions are done in order.
   * @throws Error for two limits, or a limit and patches: a decision is one of these
   */
  and(other: Answer | Decision): Answer {
    const theirs = other instanceof Answer ? other.decision : other;
    if (this.decision.decision === 'deny') return this;
    if (theirs.decision === 'deny') return new Answer(theirs);
    return new Answer(joined(this.decision, theirs));
  }
}

/** What {@link allow} answers. Answers do not change, so one is enough, and it is known by sight. */
export const ALLOWED = new Answer({ decision: 'allow' });

/** The call is none of this policy's business, or is fine. */
export function allow(): Answer {
  return ALLOWED;
}

/**
 * @param code `A-Z 0-9 _`, for programs
 * @param reason one sentence for people; shown to the agent
 * @throws Error when `code` is of another form
 */
export function deny(code: string, reason: string, more: { readonly hint?: string } = {}): Answer {
  if (!/^[A-Z][A-Z0-9_]*$/.test(code)) {
    throw new Error(`deny: the code ${JSON.stringify(code)} has to be of A-Z, 0-9 and _, such as HOST_NOT_ALLOWED`);
  }
  return new Answer({ decision: 'deny', code, reason, ...more });
}

/** Changes the call: `modify(patch.setHeader('x-env', 'test'))`. The policy needs `may_modify` in the operator's settings. */
export function modify(...ops: readonly PatchOp[]): Answer {
  return new Answer({ decision: 'modify', patch: ops });
}

/** Allows the call within a rate, which the host counts: `limit({ key: 'host', rate: 60, perMs: 60_000 })`. */
export function limit({ burst = 1, cost = 1, ...rate }: RateLimitInput): Answer {
  return new Answer({ decision: 'limit', limit: { ...rate, burst, cost } });
}

/** `rate` per `perMs` for calls of the same `key`; `burst` (1) at once, and this call costs `cost` (1). */
export type RateLimitInput = Omit<RateLimit, 'burst' | 'cost'> & Partial<RateLimit>;

/** Allows, with something hidden. */
export function redacting(...rules: readonly Redaction[]): Answer {
  return new Answer({ decision: 'allow', redact: rules });
}

function joined(a: Decision, b: Decision): Decision {
  const patch = [...(a.patch ?? []), ...(b.patch ?? [])];
  const redact = [...(a.redact ?? []), ...(b.redact ?? [])];
  const limits = [a.limit, b.limit].filter((limit) => limit !== undefined);
  if (limits.length > 1) throw new Error('and: one answer has one limit; use two policies for two');
  if (limits.length > 0 && patch.length > 0)
    throw new Error('and: one answer limits or modifies; use two policies for both');
  return {
    ...a,
    ...b,
    decision: a.decision === 'allow' ? b.decision : a.decision,
    ...(a.labels || b.labels ? { labels: { ...a.labels, ...b.labels } } : {}),
    ...(patch.length > 0 ? { patch } : {}),
    ...(redact.length > 0 ? { redact } : {}),
  };
}
