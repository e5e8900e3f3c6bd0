/** ABI 1.0 of policies: what a module is asked, and what it answers. The JSON Schemas stand in contracts/policy. */
export const ABI_VERSION = '1.0';

/**
 * What `counter(name)` reads on requests and responses: calls before this one, and bytes of their bodies. Calls under way
 * count, refused ones do not. Any other name is 0, as are those of a task or session that the call does not name.
 */
export const POLICY_COUNTERS = ['calls_in_task', 'bytes_out', 'calls_in_session', 'bytes_out_session'] as const;
/** A counter that the host keeps. */
export type PolicyCounter = (typeof POLICY_COUNTERS)[number];

/** Exports that the host calls, each `() -> i32`. */
export type PolicyHook = 'on_request' | 'on_response' | 'on_admission';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/** What a policy says of itself: answered by `describe`, and equal to the custom section `llama-orch.policy`. */
export interface PolicyManifest {
  /** 1 to 63 of `a-z 0-9 -`. */
  readonly name: string;
  /** Semver. */
  readonly version: string;
  /** Version of the ABI that it was built for, such as `1.0`; another major is not loaded. */
  readonly abi: string;
  /** Hooks that it exports, and is asked at. */
  readonly hooks: readonly PolicyHook[];
  /** Host functions that it imports by name, and `raw-secrets`, which the operator has to grant. */
  readonly capabilities: readonly string[];
  /** JSON Schema of the settings. */
  readonly configSchema: { readonly [member: string]: Json };
  readonly defaults: { readonly [member: string]: Json };
  /** Fuel that an ordinary call takes. */
  readonly fuelHint: number;
  /** Run at each load: a module that fails its own tests is not loaded. */
  readonly tests: readonly GoldenTest[];
  /** Where its sources are; null when it does not say. */
  readonly source: { readonly repo: string; readonly commit: string } | null;
  /** SPDX expression; null when it does not say. */
  readonly license: string | null;
}

/** One event, and members that the decision must have; others are free. */
export interface GoldenTest {
  readonly name: string;
  readonly hook: PolicyHook;
  readonly event: PolicyEvent;
  /** Settings over the defaults. */
  readonly config: { readonly [member: string]: Json };
  readonly expect: { readonly [member: string]: Json };
}

/** What kind of network an address belongs to. Only `public` ones lead out; `metadata` is where clouds keep credentials. */
export type AddressClass =
  'public' | 'private' | 'loopback' | 'link-local' | 'cgnat' | 'metadata' | 'multicast' | 'reserved' | 'unknown';

/** An address that a host name led to, as the host will connect to it. */
export interface EventAddress {
  readonly ip: string;
  readonly family: 4 | 6;
  readonly class: AddressClass;
}

/** A URL in the parts that the host parsed; a policy never parses a URL of its own request. */
export interface EventUrl {
  readonly scheme: 'http' | 'https';
  /** Lower case, punycode, no trailing dot, no brackets. */
  readonly host: string;
  readonly port: number;
  /** Percent-encoded, beginning with `/`. */
  readonly path: string;
  /** Decoded names and values, in their order. */
  readonly query: readonly (readonly [string, string])[];
  /** The host is an address, not a name. */
  readonly ipLiteral: boolean;
  /** The URL named a user or a password; the HTTP tool refuses such calls before a policy is asked. */
  readonly hadUserinfo: boolean;
}

/** Facts of a body, with its value when it is small and of text. */
export interface EventBody {
  /** What `body_read` and `json_get` take. */
  readonly handle: number;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** The media type as it was sent, with its parameters. */
  readonly contentType: string | null;
  /**
   * `omitted`: much to read, such as thousands of values, and parts are read through the handle; or over 64 KiB or no text,
   * when a finding says `unscanned` and the handle reads nothing.
   */
  readonly form: 'json' | 'text' | 'omitted';
  /** The parsed JSON or the text; null when omitted. */
  readonly value: Json;
  /** The host stopped reading at its cap: there was more. */
  readonly truncated: boolean;
}

/** Something sensitive that the host has found. */
export interface Finding {
  /** Such as `secret.aws_key`, `secret.bearer`, `email`, `card`; `unscanned` for a body that the host did not search. */
  readonly class: string;
  /**
   * JSON Pointer into `request` or `response`: `/body/key`, `/headers/authorization`, `/url/query/token`. To what holds the
   * place, where its own would be long.
   */
  readonly at: string;
  /** HMAC of the tenant, the same for the same text. */
  readonly hash: string;
}

/** What all events share. Every key is always there, null where unknown. */
interface EventFrame {
  readonly abi: string;
  /** Stands in the audit row, in logs, and in the refusal that the caller gets. */
  readonly decisionId: string;
  /** Of the call that it all belongs to, in logs and audit. */
  readonly correlationId: string;
  /** W3C trace context of the caller. */
  readonly traceparent: string | null;
  /** Unix ms; the only time that a policy knows. */
  readonly now: number;
  /** `monitor`: the decision is recorded and does not count. */
  readonly mode: 'enforce' | 'monitor';
  /** Who the caller says that it is. */
  readonly agent: { readonly id: string | null };
  readonly session: {
    readonly id: string | null;
    readonly tenant: string;
    /** Empty: sessions carry none. */
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly task: {
    readonly id: string | null;
    /** Which start of its engine it is, from 1 on. */
    readonly attempt: number;
    /** Those that it was submitted with; whoever calls a tool has no say in them. */
    readonly labels: Readonly<Record<string, string>>;
  };
  /** What the task has called before this call; {@link POLICY_COUNTERS} know its session too. */
  readonly usage: { readonly callsInTask: number; readonly bytesOut: number };
  /** Settings of this policy: its defaults under those of the operator. */
  readonly config: { readonly [member: string]: Json };
}

/** What events about calls share. */
interface ToolFrame extends EventFrame {
  /** `http.fetch`, `search`, `download`; `verify` is reserved for checks of what was downloaded, and asked about by nobody yet. */
  readonly tool: { readonly name: string; readonly version: string };
}

/** A call that is about to be made, in parts. */
export interface EventRequest {
  readonly method: string;
  readonly url: EventUrl;
  /** All addresses of the host; the call goes to one of them. */
  readonly addresses: readonly EventAddress[];
  /** 0 for the first request, then one more with each redirect. */
  readonly hop: number;
  /** The URL that redirected here; null for the first request. */
  readonly redirectedFrom: EventUrl | null;
  /** Names in lower case. Secrets stand masked: `<secret:bearer sha256:ab12…>`. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: EventBody | null;
  readonly findings: readonly Finding[];
}

/** Asked before each outbound call, and before each hop of a redirect. */
export interface RequestEvent extends ToolFrame {
  readonly kind: 'http.request';
  readonly request: EventRequest;
}

/** Asked when the head of the answer and the facts of its body are known. */
export interface ResponseEvent extends ToolFrame {
  readonly kind: 'http.response';
  readonly request: { readonly method: string; readonly url: EventUrl; readonly hop: number };
  readonly response: {
    readonly status: number;
    readonly headers: readonly (readonly [string, string])[];
    readonly address: EventAddress;
    readonly body: EventBody | null;
    readonly durationMs: number;
    readonly findings: readonly Finding[];
  };
}

/** A task before it is queued. The prompt itself is not handed over. */
export interface AdmissionEvent extends EventFrame {
  readonly kind: 'task.admission';
  readonly admission: {
    readonly workload: string;
    readonly modelRef: string;
    readonly priority: 'interactive' | 'batch';
    readonly maxTokens: number;
    readonly promptBytes: number;
    readonly deadlineMs: number | null;
    readonly labels: Readonly<Record<string, string>>;
  };
}

/** What a hook is asked; `kind` tells which. */
export type PolicyEvent = RequestEvent | ResponseEvent | AdmissionEvent;

/** One step of a JSON Patch (RFC 6902). */
export type JsonPatchOp =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** Request: all but `setPriority`, `setLabel`. Response: headers and `json`. Admission: `setPriority`, `setLabel`. */
export type PatchOp =
  | { readonly op: 'setHeader'; readonly name: string; readonly value: string }
  | { readonly op: 'removeHeader'; readonly name: string }
  | { readonly op: 'setQuery'; readonly name: string; readonly value: string }
  | { readonly op: 'removeQuery'; readonly name: string }
  | { readonly op: 'setMethod'; readonly value: string }
  /** Sends the call back to the top, once. */
  | {
      readonly op: 'setUrl';
      readonly scheme?: 'http' | 'https';
      readonly host?: string;
      readonly port?: number;
      readonly path?: string;
    }
  | { readonly op: 'json'; readonly patch: readonly JsonPatchOp[] }
  | { readonly op: 'setPriority'; readonly value: 'interactive' | 'batch' }
  | { readonly op: 'setLabel'; readonly name: string; readonly value: string };

/** `mask` keeps the last four characters, `hash` is the same for the same text, `drop` removes, `tokenise` replaces. */
export type RedactionMethod = 'mask' | 'hash' | 'drop' | 'tokenise';

/** An instruction that the host carries out. By pointer, or by class of finding (`secret.*`, `email`). */
export interface Redaction {
  readonly target: 'audit' | 'response';
  readonly pointer?: string;
  readonly class?: string;
  readonly how: RedactionMethod;
}

/** A rate that the host counts (GCRA), for each tenant and entry of `policies` apart. */
export interface RateLimit {
  /** Calls with the same key share the rate. */
  readonly key: string;
  /** So many per `perMs`. */
  readonly rate: number;
  readonly perMs: number;
  /** So many at once. */
  readonly burst: number;
  /** What this call counts for. */
  readonly cost: number;
}

/** What a hook answers. Unknown members are ignored, an unknown `decision` or patch op is an error. */
export interface Decision {
  readonly decision: 'allow' | 'deny' | 'modify' | 'limit';
  /** `A-Z 0-9 _`; required with deny. */
  readonly code?: string;
  /** One sentence for people, shown to the agent. */
  readonly reason?: string;
  /** What the caller may do instead, shown to the agent. */
  readonly hint?: string;
  /** Recorded with the decision. */
  readonly labels?: Readonly<Record<string, string>>;
  /** With `modify`: done in order. */
  readonly patch?: readonly PatchOp[];
  /** Carried out by the host, whatever else is decided. */
  readonly redact?: readonly Redaction[];
  /** With `limit`: over it the call is refused. */
  readonly limit?: RateLimit;
}

/** What `validate_config` answers. */
export interface ConfigCheck {
  readonly ok: boolean;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

/** Module that host functions are imported from. */
export const HOST_MODULE = 'llama-orch:policy/v1';
/** Module of the Extism plug-in convention. */
export const EXTISM_MODULE = 'extism:host/env';
/** Custom section that holds the manifest. */
export const MANIFEST_SECTION = 'llama-orch.policy';
/** Custom section that says `javascript` in modules that carry an interpreter; those get larger default limits. */
export const LANGUAGE_SECTION = 'llama-orch.language';
