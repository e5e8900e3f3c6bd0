import { type PolicyOutcome } from '../policy-host/sandbox/chain.js';

/** Who lets the daemon call, for policies, limits and the audit. */
export interface OutboundCaller {
  /** Id of the key; `local` without keys, `system` for what the daemon does by itself. */
  readonly actor: string;
  readonly tenant: string;
  readonly correlationId: string;
  readonly traceparent: string | null;
  readonly sessionId: string | null;
  readonly taskId: string | null;
  /** Which start of the task's engine it is, from 1 on; 1 outside of tasks. */
  readonly attempt: number;
  /** Labels of the task; none outside of tasks. Whoever calls does not choose them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What a task and its session have called so far: calls under way count, refused ones do not. */
export interface OutboundUsage {
  readonly callsInTask: number;
  /** Bytes of bodies and of searches of the task. */
  readonly bytesOut: number;
  readonly callsInSession: number;
  readonly bytesOutSession: number;
}

/** One hop as it would be sent: decided and patched, without secrets. */
export interface DecidedHop {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** An answer as the far side gave it: decoded, whole, before response policies and redaction. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/**
 * Answers that may stand in for a dial. Asked with each hop that guard, policies and limits let through, right before it
 * would be dialled; what it gives back passes media types, response policies and redaction like any other answer.
 */
export interface KeptAnswers {
  find(hop: DecidedHop): KeptAnswer | undefined;
  /** Called with whole answers that response policies let through. */
  keep(hop: DecidedHop, answer: KeptAnswer): void;
}

/** One HTTP exchange that the daemon makes for somebody. */
export interface OutboundCall {
  readonly tool: { readonly name: 'http.fetch' | 'search' | 'download'; readonly version: string };
  readonly method: string;
  /** As the caller wrote it; it is parsed here, once. */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | undefined;
  /**
   * Headers that the host adds after the policies decided. They go to the origin of `url` alone: neither a redirect nor a
   * patch takes them elsewhere. No policy, log or audit sees them.
   */
  readonly secretHeaders: readonly (readonly [string, string])[];
  /** Bytes of the decoded answer that are read at most. */
  readonly maxBytes: number;
  /** For the whole exchange, redirects included. */
  readonly timeoutMs: number;
  /** Hosts and media types that the operator or the caller narrows this call to. */
  readonly allowedMimeTypes?: readonly string[];
  readonly deniedMimeTypes?: readonly string[];
  /** Follow redirects, each as a new call; at most 5. Default true. */
  readonly followRedirects?: boolean;
  /**
   * True: the URL stands in the operator's configuration. Its host and port count as an explicit entry of
   * `egress.allow_hosts` and `egress.ports` for this call; where redirects lead does not.
   */
  readonly isNamedByOperator?: boolean;
  readonly caller: OutboundCaller;
  /** Absent for what the daemon does by itself: nothing was called before. */
  readonly usage?: OutboundUsage;
  /** Absent: every hop is dialled. `stream` never asks it. */
  readonly kept?: KeptAnswers;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Decoded and redacted. */
  readonly body: Uint8Array;
  /** There was more than `maxBytes`. */
  readonly truncated: boolean;
  /** Bytes of the decoded body that were read. */
  readonly bytes: number;
  /** Without credentials. */
  readonly finalUrl: string;
  readonly decisionId: string;
  readonly policy: { readonly id: string; readonly version: string; readonly decision: string } | undefined;
  readonly outcomes: readonly PolicyOutcome[];
  /** Number of the audit row of the last hop. */
  readonly auditSeq: number;
  /** True when {@link KeptAnswers} gave it. */
  readonly cached?: boolean;
}

/** What is known of a streamed answer once its body is over. */
export interface OutboundEnd {
  readonly bytes: number;
  readonly truncated: boolean;
  readonly auditSeq: number;
}

/** A streamed answer: the head at once, the body as it comes, already decoded, capped and redacted. */
export interface OutboundStream extends Omit<OutboundAnswer, 'body' | 'truncated' | 'bytes' | 'auditSeq' | 'cached'> {
  /** Throws {@link EgressFailure} when the far side fails half-way. Leaving the loop closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves when the body is over or was left; never rejects. */
  readonly end: Promise<OutboundEnd>;
}

export type EgressFailureKind = 'dns' | 'connect' | 'tls' | 'timeout' | 'too_large' | 'redirect' | 'protocol';

/** The far side failed; nothing was refused. The message names no address. */
export class EgressFailure extends Error {
  override readonly name = 'EgressFailure';

  constructor(
    readonly kind: EgressFailureKind,
    message: string,
    /** Number of the audit row. */
    readonly auditSeq: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The one door for outbound HTTP: guard, policies, pinned address, caps, redaction, audit. */
export abstract class Egress {
  /**
   * @throws AppError `POLICY_DENIED` when guard, policy or limit refuses; `QUOTA_EXCEEDED` over a rate
   * @throws EgressFailure when the far side fails
   */
  abstract send(call: OutboundCall, signal: AbortSignal): Promise<OutboundAnswer>;
  /**
   * Like `send`, for answers that are passed on as they come. Where a policy decides about answers, the answer is read and
   * decided about first, just as `send` does it. Only of downloads, which are too large for that, policies see the head
   * alone.
   */
  abstract stream(call: OutboundCall, signal: AbortSignal): Promise<OutboundStream>;
  abstract close(): Promise<void>;
}
