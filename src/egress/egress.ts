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
  readonly labels: Readonly<Record<string, string>>;
}

/** One HTTP exchange that the daemon makes for somebody. */
export interface OutboundCall {
  readonly tool: { readonly name: 'http.fetch' | 'search' | 'download' | 'verify'; readonly version: string };
  readonly method: string;
  /** As the caller wrote it; it is parsed here, once. */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | undefined;
  /** Headers that the host adds after the policies decided; they never follow to another origin, and no policy, log or audit sees them. */
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
  readonly caller: OutboundCaller;
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
}

/** A streamed answer: the head at once, the body as it comes, already decoded, capped and redacted. */
export interface OutboundStream extends Omit<OutboundAnswer, 'body' | 'truncated' | 'bytes' | 'auditSeq'> {
  readonly body: AsyncIterable<Uint8Array>;
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
  /** Like `send`, for answers that are too large to hold, such as downloads. Response policies see head and facts only. */
  abstract stream(call: OutboundCall, signal: AbortSignal): Promise<OutboundStream>;
  abstract close(): Promise<void>;
}
