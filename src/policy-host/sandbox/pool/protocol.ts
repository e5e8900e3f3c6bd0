import { type Json, type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type PolicyErrorCode } from '../../policy-error.js';
import { type EngineName } from '../engine/engine-name.js';
import { type RunnableModule } from '../instance/policy-instance.js';
import { type Examination, type ExaminedCase, type FindingRules, type InstalledPolicy } from '../policy-set.js';
import { type PolicyAnswer } from '../run-chain.js';

/** What a worker is born with. */
export interface WorkerSetup {
  readonly engine: EngineName;
  readonly rules: FindingRules;
  /** Memory of a `Turn`. */
  readonly turn: SharedArrayBuffer;
}

/** A policy as a worker needs it. */
export interface SentPolicy extends Pick<InstalledPolicy, 'id' | 'mayModify' | 'mode'> {
  /** Number of the module: the instance of one that is already there is used again. */
  readonly load: number;
  readonly configText: string;
  readonly eventBytes: number;
}

/** A module that the worker does not have yet. */
export interface SentModule {
  readonly load: number;
  readonly module: RunnableModule;
}

export type ToWorker =
  | {
      readonly type: 'install';
      readonly id: number;
      readonly generation: number;
      readonly policies: readonly SentPolicy[];
      readonly modules: readonly SentModule[];
    }
  | { readonly type: 'retire'; readonly generation: number }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly generation: number;
      readonly hook: PolicyHook;
      /** Ids of the policies that are asked, in order. */
      readonly asked: readonly string[];
      readonly unavailable: readonly string[];
      readonly event: string;
      readonly bodies: readonly (readonly [number, Uint8Array])[];
      readonly counters: Readonly<Record<string, number>>;
    }
  | {
      readonly type: 'examine';
      readonly id: number;
      readonly module: RunnableModule;
      readonly config: { readonly [member: string]: Json } | undefined;
      readonly cases: readonly ExaminedCase[];
    };

/** A job that got no answer beside this. */
export interface JobError {
  readonly code: PolicyErrorCode | undefined;
  readonly message: string;
}

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'installed'; readonly id: number }
  | {
      readonly type: 'answered';
      readonly id: number;
      readonly answers: readonly PolicyAnswer[];
      /** Only when a patch changed it. */
      readonly event: string | undefined;
      readonly body: Uint8Array | undefined;
    }
  | { readonly type: 'examined'; readonly id: number; readonly examination: Examination }
  | { readonly type: 'failed'; readonly id: number; readonly error: JobError };
