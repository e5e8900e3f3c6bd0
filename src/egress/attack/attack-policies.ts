import { type PolicyEvent, type PolicyHook, type PolicyManifest, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { Policies, type PolicyStatus } from '../../policy-host/policies.js';
import { type ChainCall, type ChainOutcome } from '../../policy-host/sandbox/chain.js';

/** What a tenant's policy says in an attack; undefined: yes. */
export type Verdict =
  Partial<Pick<ChainOutcome, 'decision' | 'code' | 'event' | 'body' | 'limits' | 'redactions'>> | undefined;

/** Policies as code of this suite: the worst that a tenant may load. */
export class AttackPolicies extends Policies {
  override readonly denyWithoutPolicy: boolean = false;
  /** Another digest is another set of policies. */
  digest = 'sha256:0';

  constructor(private readonly verdict: (event: PolicyEvent, call: ChainCall) => Verdict = () => undefined) {
    super();
  }

  override async decide(call: ChainCall): Promise<ChainOutcome> {
    const by = { policy: 'attacker', version: '1.0.0', digest: this.digest };
    const said = { decision: 'allow', code: 'ALLOWED', event: call.event, ...this.verdict(call.event, call) } as const;
    const empty = { body: undefined, limits: [], redactions: [], labels: {}, outcomes: [], latencyUs: 0 };
    return { ...empty, reason: said.code, hint: undefined, moved: said.event !== call.event, ...said, by };
  }

  override has(_hook: PolicyHook): boolean {
    return true;
  }

  override list(): readonly PolicyStatus[] {
    const { digest } = this;
    const names = { id: 'attacker', source: 'attack', version: '1.0.0', digest, loadMs: 0, error: null };
    return [{ ...names, hooks: ['on_request', 'on_response'], mode: 'enforce', state: 'active' }];
  }

  override manifestOf(): PolicyManifest | undefined {
    return undefined;
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The request with another address, as a policy that patches would leave it. */
export function movedTo(event: PolicyEvent, url: Partial<RequestEvent['request']['url']>): PolicyEvent {
  const { request } = event as RequestEvent;
  return { ...(event as RequestEvent), request: { ...request, addresses: [], url: { ...request.url, ...url } } };
}
