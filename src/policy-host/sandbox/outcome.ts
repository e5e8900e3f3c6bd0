import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type PolicyOutcome } from './chain.js';
import { type InstalledPolicy } from './policy-set.js';
import { type PolicyAnswer } from './run-chain.js';

/** An answer with what its host knows of the policy. */
export function outcomeOf(policy: InstalledPolicy, { id, ...answer }: PolicyAnswer, hook: PolicyHook): PolicyOutcome {
  const { prepared, config, mode, onError } = policy;
  const { fuel, memoryPages } = prepared.limits;
  return {
    ...answer,
    policy: id,
    version: prepared.manifest.version,
    digest: prepared.digest,
    hook,
    config,
    limits: { fuel, memoryPages },
    counts: mode === 'enforce',
    onError: onError[hook],
  };
}
