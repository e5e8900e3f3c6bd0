import { type Json } from '@llama-orch/policy-sdk/abi';
import { type PreparedRules } from './findings.js';

/** What host functions answer from during one call: all of it is fixed before the call begins. */
export interface CallContext {
  readonly config: { readonly [member: string]: Json };
  readonly bodies: ReadonlyMap<number, Uint8Array>;
  readonly counters: Readonly<Record<string, number>>;
  /** Unix ms; the only time. */
  readonly now: number;
  /** The same seed gives the same random bytes. */
  readonly seed: string;
  readonly tenant: string;
  readonly rules: PreparedRules;
  /** Recorded answers in call order, instead of bodies and counters. */
  readonly replay?: readonly Json[] | undefined;
}
