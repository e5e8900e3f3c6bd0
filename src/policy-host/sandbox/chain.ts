import {
  type Decision,
  type Json,
  type PolicyEvent,
  type PolicyHook,
  type RateLimit,
  type Redaction,
} from '@llama-orch/policy-sdk/abi';
import { type PolicyErrorCode } from '../policy-error.js';

/** What becomes of a call when a policy gives no decision. */
export type OnError = 'deny' | 'allow' | 'skip';

/** An event without settings, and the bodies that its handles stand for. */
export interface ChainCall {
  readonly hook: PolicyHook;
  /** `config` is filled in for each policy. */
  readonly event: PolicyEvent;
  /** Bodies by handle, as they are sent or were received. */
  readonly bodies: ReadonlyMap<number, Uint8Array>;
  /** Counters that `counter(name)` reads, frozen. */
  readonly counters: Readonly<Record<string, number>>;
  /** Policies by name that are asked; without it all that have the hook. */
  readonly only?: readonly string[];
}

/** What one policy answered: enough to replay it. */
export interface PolicyOutcome {
  readonly policy: string;
  readonly version: string;
  /** `sha256:<hex>` of the module. */
  readonly digest: string;
  readonly hook: PolicyHook;
  /** The settings that it was asked with. */
  readonly config: { readonly [member: string]: Json };
  /** The bounds that operators set; absent for what is no module. */
  readonly limits?: { readonly fuel: number; readonly memoryPages: number };
  /** In shadow or monitor mode it is recorded and does not count. */
  readonly counts: boolean;
  readonly decision: Decision | undefined;
  readonly error: { readonly code: PolicyErrorCode; readonly message: string } | undefined;
  /** What an error was turned into. */
  readonly onError: OnError;
  readonly fuel: number;
  readonly latencyUs: number;
  readonly memoryBytes: number;
  /** Lines that the policy logged, shortened to its bounds. */
  readonly logs: readonly { readonly level: string; readonly text: string }[];
  /** Answers of host functions in call order, for replay. */
  readonly hostResults: readonly Json[];
}

/** The combined answer of a chain: any deny wins, then limits, then patches in order, then allow. */
export interface ChainOutcome {
  readonly decision: 'allow' | 'deny' | 'modify';
  /** `NO_POLICY` when none was asked. */
  readonly code: string;
  readonly reason: string;
  readonly hint: string | undefined;
  /** The policy that decided: the first that denied, else the last that patched, else the last asked. */
  readonly by: { readonly policy: string; readonly version: string; readonly digest: string } | undefined;
  /** The event with all patches applied; the same object when there are none. */
  readonly event: PolicyEvent;
  /** The request body after `json` patches, when one changed it. */
  readonly body: Uint8Array | undefined;
  /** Host, port or scheme were changed: the guard has to look again. */
  readonly moved: boolean;
  /** All must pass; the caller counts. */
  readonly limits: readonly RateLimit[];
  readonly redactions: readonly Redaction[];
  readonly labels: Readonly<Record<string, string>>;
  readonly outcomes: readonly PolicyOutcome[];
  /** Nobody was asked, as all sandbox workers were taken: it says nothing of the call, which may come again. Default: false. */
  readonly isBusy?: boolean;
  /** Microseconds from the call to the answer. */
  readonly latencyUs: number;
}
