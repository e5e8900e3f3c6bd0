import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type Policies, type PolicyStatus } from '../policy-host/policies.js';

/** What the loaded policies mean for calls. */
export interface PolicyFacts {
  /** Hooks at which secrets are shown: somebody has the right to see them. */
  readonly rawAt: ReadonlySet<PolicyHook>;
  /** Somebody looks at answers, who could refuse them or have parts of them hidden. */
  readonly judgesAnswers: boolean;
  /** Changes with each set of policies. */
  readonly generation: string;
}

const RAW = 'raw-secrets';
const known = new WeakMap<Policies, PolicyFacts & { readonly revision: number }>();

/** Made anew only after a swap: every call asks for them several times. */
export function policyFacts(policies: Policies): PolicyFacts {
  const { revision } = policies;
  const before = known.get(policies);
  if (before?.revision === revision) return before;
  const facts = { ...factsOf(policies), revision };
  known.set(policies, facts);
  return facts;
}

function factsOf(policies: Policies): PolicyFacts {
  const all = policies.list();
  const raw = all.filter(({ id }) => policies.manifestOf(id)?.capabilities.includes(RAW) === true);
  return {
    rawAt: new Set(raw.flatMap(({ hooks }) => hooks)),
    judgesAnswers: all.some((policy) => policy.hooks.includes('on_response') && !allowsAll(policy)),
    generation: all.map(({ digest, mode }) => `${digest}${mode}`).join(),
  };
}

function allowsAll({ source }: PolicyStatus): boolean {
  return source === 'builtin:allow-all';
}
