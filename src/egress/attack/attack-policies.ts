import {
  type PolicyEvent,
  type PolicyHook,
  type PolicyManifest,
  type RateLimit,
  type RequestEvent,
} from '@llama-orch/policy-sdk/abi';
import { Policies, type PolicyStatus } from '../../policy-host/policies.js';
import { type ChainCall, type ChainOutcome, type PolicyOutcome } from '../../policy-host/sandbox/chain.js';

/** What a tenant's policy says in an attack; undefined: yes. */
export type Verdict =
  Partial<Pick<ChainOutcome, 'decision' | 'code' | 'event' | 'body' | 'limits' | 'redactions'>> | undefined;

/** Policies as code of this suite: the worst that a tenant may load. */
export class AttackPolicies extends Policies {
  override readonly denyWithoutPolicy: boolean = false;
  private swaps = 0;
  private readonly limits: { readonly policy: string; readonly limit: RateLimit }[] = [];

  constructor(
    private readonly verdict: (event: PolicyEvent, call: ChainCall) => Verdict = () => undefined,
    private readonly hooks: readonly PolicyHook[] = ['on_request', 'on_response'],
  ) {
    super();
  }

  /** Another policy beside this one, which does nothing but limit. */
  alsoLimits(policy: string, limit: RateLimit): void {
    this.limits.push({ policy, limit });
  }

  /** Makes them another set of policies. */
  swap(): void {
    this.swaps += 1;
  }

  override get revision(): number {
    return this.swaps;
  }

  override async decide(call: ChainCall): Promise<ChainOutcome> {
    const by = { policy: 'attacker', version: '1.0.0', digest: this.digest };
    const verdict = this.verdict(call.event, call);
    const said = { decision: 'allow', code: 'ALLOWED', event: call.event, ...verdict } as const;
    const limits = [...(verdict?.limits ?? []).map((limit) => ({ policy: by.policy, limit })), ...this.limits];
    const outcomes = limits.map(({ policy, limit }) => outcomeOf({ ...by, policy }, call, limit));
    const empty = { body: undefined, limits: [], redactions: [], labels: {}, outcomes, latencyUs: 0 };
    return { ...empty, reason: said.code, hint: undefined, moved: said.event !== call.event, ...said, by };
  }

  override has(hook: PolicyHook): boolean {
    return this.hooks.includes(hook);
  }

  override list(): readonly PolicyStatus[] {
    const { digest, hooks } = this;
    const names = { id: 'attacker', source: 'attack', version: '1.0.0', digest, loadMs: 0, error: null };
    return [{ ...names, hooks, mode: 'enforce', state: 'active' }];
  }

  override manifestOf(): PolicyManifest | undefined {
    return undefined;
  }

  private get digest(): string {
    return `sha256:${this.swaps}`;
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

function outcomeOf(
  { policy, version, digest }: NonNullable<ChainOutcome['by']>,
  { hook }: ChainCall,
  limit: RateLimit,
): PolicyOutcome {
  const decision = { decision: 'limit', limit } as const;
  const nothing = { fuel: 0, latencyUs: 0, memoryBytes: 0, logs: [], hostResults: [] };
  return {
    policy,
    version,
    digest,
    hook,
    config: {},
    counts: true,
    decision,
    error: undefined,
    onError: 'deny',
    ...nothing,
  };
}

/** The request with another address, as a policy that patches would leave it. */
export function movedTo(event: PolicyEvent, url: Partial<RequestEvent['request']['url']>): PolicyEvent {
  const { request } = event as RequestEvent;
  return { ...(event as RequestEvent), request: { ...request, addresses: [], url: { ...request.url, ...url } } };
}
