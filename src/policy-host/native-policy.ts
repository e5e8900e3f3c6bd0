import { createHash } from 'node:crypto';
import { ABI_VERSION, type PolicyHook, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type ChainCall, type ChainOutcome, type PolicyOutcome } from './sandbox/chain.js';

/** `allow-all`: lets everything through, so that it is recorded. It is the host's own code and needs no sandbox. */
export const ALLOW_ALL: PolicyManifest = {
  name: 'allow-all',
  version: '1.0.0',
  abi: ABI_VERSION,
  hooks: ['on_request', 'on_response'],
  capabilities: [],
  configSchema: { type: 'object', additionalProperties: false },
  defaults: {},
  fuelHint: 0,
  tests: [],
  source: null,
  license: 'Apache-2.0',
};

/** What stands for the digest of a module: it has no bytes of its own. */
export const ALLOW_ALL_DIGEST = `sha256:${createHash('sha256').update(canonicalJson(ALLOW_ALL)).digest('hex')}`;

/** An entry of `policies` that is native. */
export interface NativePolicy {
  readonly id: string;
  readonly hooks: readonly PolicyHook[];
  readonly mode: 'enforce' | 'monitor';
}

/** The outcome of a chain to which native policies belong. `order` holds the ids of all policies as they are asked. */
export function withNative(
  outcome: ChainOutcome,
  natives: readonly NativePolicy[],
  { hook, only }: ChainCall,
  order: readonly string[],
): ChainOutcome {
  const asked = natives.filter(({ id, hooks }) => hooks.includes(hook) && (only?.includes(id) ?? true));
  if (asked.length === 0) return outcome;
  const outcomes = [...outcome.outcomes, ...asked.map((policy) => allowed(policy, hook))].sort(
    (a, b) => order.indexOf(a.policy) - order.indexOf(b.policy),
  );
  return { ...outcome, outcomes, ...deciding(outcome, outcomes) };
}

/** Where everybody allows, the last one that counts has decided. */
function deciding(outcome: ChainOutcome, outcomes: readonly PolicyOutcome[]): Partial<ChainOutcome> {
  const last = outcomes.findLast(({ counts }) => counts);
  const isNative = last?.digest === ALLOW_ALL_DIGEST;
  if (outcome.decision !== 'allow' || last === undefined || !isNative) return {};
  const { policy, version, digest } = last;
  return { code: 'ALLOWED', reason: '', hint: undefined, by: { policy, version, digest } };
}

function allowed({ id, mode }: NativePolicy, hook: PolicyHook): PolicyOutcome {
  return {
    policy: id,
    version: ALLOW_ALL.version,
    digest: ALLOW_ALL_DIGEST,
    hook,
    config: {},
    counts: mode === 'enforce',
    decision: { decision: 'allow' },
    error: undefined,
    onError: 'deny',
    fuel: 0,
    latencyUs: 0,
    memoryBytes: 0,
    logs: [],
    hostResults: [],
  };
}
