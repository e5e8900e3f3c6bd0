import { HOST_MODULE, type Json, type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type PreparedModule } from '../../module/prepared-module.js';
import { type ChainCall } from '../chain.js';
import { type RunnableModule } from '../instance/policy-instance.js';
import { type InstalledPolicy, type PolicySet } from '../policy-set.js';
import { type SentModule, type SentPolicy } from './protocol.js';

const BODY_FUNCTIONS = ['json_get', 'body_read', 'scan'];

let lastLoad = 0;
const loads = new WeakMap<PreparedModule, number>();

/** A set as the workers know it. Calls finish on the one that they began with. */
export class Generation {
  readonly sent: readonly SentPolicy[];
  /** Numbers of the modules, each once. */
  readonly loads: readonly number[];

  constructor(
    readonly number: number,
    readonly set: PolicySet,
  ) {
    this.sent = set.policies.map(sentPolicy);
    this.loads = [...new Set(this.sent.map(({ load }) => load))];
  }

  /** Who is asked, in order. */
  asked({ hook, only }: Pick<ChainCall, 'hook' | 'only'>): readonly InstalledPolicy[] {
    return this.set.policies.filter((policy) => has(policy, hook) && (only?.includes(policy.id) ?? true));
  }

  /** The modules that somebody who has those loads lacks. */
  modulesBeside(known: ReadonlySet<number>): SentModule[] {
    const missing = this.loads.filter((load) => !known.has(load));
    return missing.map((load) => ({
      load,
      module: runnable(this.set.policies.find((one) => loadOf(one) === load)!.prepared),
    }));
  }
}

/** All but the bytes, which nobody needs who has the compiled module. */
export function runnable({ bytes: _bytes, ...module }: PreparedModule): RunnableModule {
  return module;
}

/** True when a body would be looked into: else it need not go to the worker. */
export function readsBodies({ prepared, mayModify }: InstalledPolicy): boolean {
  const reads = ({ module, name }: { module: string; name: string }): boolean =>
    module === HOST_MODULE && BODY_FUNCTIONS.includes(name);
  return mayModify || prepared.imports.some(reads);
}

function has({ hooks, prepared }: InstalledPolicy, hook: PolicyHook): boolean {
  return hooks.includes(hook) && prepared.manifest.hooks.includes(hook);
}

function sentPolicy(policy: InstalledPolicy): SentPolicy {
  const { id, mayModify, mode, config, prepared } = policy;
  const { eventBytes } = prepared.limits;
  return { id, mayModify, mode, load: loadOf(policy), configText: JSON.stringify(config satisfies Json), eventBytes };
}

function loadOf({ prepared }: InstalledPolicy): number {
  const known = loads.get(prepared);
  if (known !== undefined) return known;
  lastLoad += 1;
  loads.set(prepared, lastLoad);
  return lastLoad;
}
