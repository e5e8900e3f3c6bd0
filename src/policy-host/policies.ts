import { type PolicyHook, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type ChainCall, type ChainOutcome } from './sandbox/chain.js';

/** One policy as operators see it. */
export interface PolicyStatus {
  readonly id: string;
  /** `builtin:<name>`, or the name of the file. */
  readonly source: string;
  readonly version: string;
  readonly digest: string;
  readonly hooks: readonly PolicyHook[];
  readonly mode: 'enforce' | 'monitor';
  /**
   * `quarantined`: three resource errors within a minute; its calls fail with `POLICY_UNAVAILABLE` until one that tries it
   * again succeeds, or it is loaded anew.
   */
  readonly state: 'active' | 'failed' | 'quarantined';
  readonly loadMs: number;
  /** Why the last load came to nothing, while the version before it goes on; else of a quarantine, when it is tried again. */
  readonly error: string | null;
}

/** Asks the configured policies, in order, in a sandbox. */
export abstract class Policies {
  /** Never throws: what goes wrong is part of the outcome. */
  abstract decide(call: ChainCall): Promise<ChainOutcome>;
  /** True when a policy with this hook is loaded, or should be: callers that would only ask nobody can skip the work. */
  abstract has(hook: PolicyHook): boolean;
  /** Settings of the operator say that a tool call needs a policy's yes. */
  abstract readonly denyWithoutPolicy: boolean;
  /** Another number after each swap: what was made of the loaded policies holds until then. */
  abstract readonly revision: number;
  abstract list(): readonly PolicyStatus[];
  abstract manifestOf(id: string): PolicyManifest | undefined;
  /** Ends workers and watchers; calls under way are answered. */
  abstract close(): Promise<void>;
}
