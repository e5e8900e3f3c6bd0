import { type Decision, type Json, type PolicyEvent, type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type PreparedModule } from '../module/prepared-module.js';
import { type PolicyErrorCode } from '../policy-error.js';
import { type OnError } from './chain.js';

/**
 * One policy with its settings. The object stands for one load: strikes and quarantine belong to it, so a set that keeps
 * a policy as it was names the same object again, and a new load makes a new one.
 */
export interface InstalledPolicy {
  /** Name of the entry, unique in its set. */
  readonly id: string;
  readonly prepared: PreparedModule;
  /** Settings of the operator over the defaults of the manifest. */
  readonly config: { readonly [member: string]: Json };
  readonly mayModify: boolean;
  /** Hooks that it is asked at. */
  readonly hooks: readonly PolicyHook[];
  readonly mode: 'enforce' | 'monitor';
  readonly onError: Readonly<Record<PolicyHook, OnError>>;
}

/** Policies in the order in which they are asked. */
export interface PolicySet {
  readonly policies: readonly InstalledPolicy[];
}

/** What `scan` looks for and `pseudonym` is keyed with. Plain values, so that they reach a worker. */
export interface FindingRules {
  readonly patterns: readonly FindingPattern[];
  /** Each tenant gets a key of its own, made from this one. */
  readonly key: Uint8Array;
}

export interface FindingPattern {
  /** Such as `secret.aws_key` or `email`. */
  readonly class: string;
  /** Of a regular expression with the flags `gu`. */
  readonly source: string;
}

/** What is asked of a module before it is installed: by {@link SandboxPool.examine}, in a worker. */
export interface Candidate {
  readonly prepared: PreparedModule;
  /** For `validate_config`; without it, it is not called. */
  readonly config?: { readonly [member: string]: Json };
  /** Hooks that are called one after the other, each with fresh state. */
  readonly cases: readonly ExaminedCase[];
}

export interface ExaminedCase {
  readonly hook: PolicyHook;
  readonly event: PolicyEvent;
  readonly config: { readonly [member: string]: Json };
}

export interface Failure {
  readonly code: PolicyErrorCode;
  readonly message: string;
}

export interface Examination {
  /** What `describe` answered, as text; a failure when it gave none. */
  readonly described: { readonly text: string } | { readonly failure: Failure };
  /** Undefined when the module has no `validate_config` or no settings were given. */
  readonly configCheck: { readonly text: string } | { readonly failure: Failure } | undefined;
  /** In the order of the cases. */
  readonly answers: readonly ExaminedAnswer[];
}

export interface ExaminedAnswer {
  readonly decision: Decision | undefined;
  readonly failure: Failure | undefined;
  readonly fuel: number;
  readonly latencyUs: number;
}
