import { type Decision } from '@llama-orch/policy-sdk/abi';
import { requestEvent } from '../../../test/policy/events.js';
import { type PolicyOutcome } from './chain.js';
import { combine } from './combine.js';

const EVENT = requestEvent();

function outcome(policy: string, members: Partial<PolicyOutcome>): PolicyOutcome {
  return {
    policy,
    version: '1.0.0',
    digest: `sha256:${policy}`,
    hook: 'on_request',
    config: {},
    counts: true,
    decision: undefined,
    error: undefined,
    onError: 'deny',
    fuel: 0,
    latencyUs: 0,
    memoryBytes: 0,
    logs: [],
    hostResults: [],
    ...members,
  };
}

const says = (policy: string, decision: Decision): PolicyOutcome => outcome(policy, { decision });
const fails = (policy: string, onError: PolicyOutcome['onError'], counts = true): PolicyOutcome =>
  outcome(policy, { error: { code: 'POLICY_FUEL', message: `${policy}: It used up its fuel.` }, onError, counts });

function combined(outcomes: readonly PolicyOutcome[], event = EVENT, body?: Uint8Array) {
  return combine(outcomes, EVENT, { event, bodies: new Map(), body });
}

const ALLOW: Decision = { decision: 'allow', code: 'FINE', labels: { a: '1', b: '1' } };
const PATCH: Decision = { decision: 'modify', patch: [{ op: 'setMethod', value: 'GET' }], labels: { b: '2' } };
const DENY: Decision = { decision: 'deny', code: 'NO', reason: 'because', hint: 'ask' };
const LIMIT = { key: 'k', rate: 1, perMs: 1_000, burst: 0, cost: 1 };

describe('A chain', () => {
  it('denies when anybody denies, in the words of the first', () => {
    const later: Decision = { decision: 'deny', code: 'LATER' };
    const redact = [{ target: 'audit', class: 'email', how: 'mask' }] as const;
    const moved = requestEvent({ method: 'GET' });
    const chain = combined(
      [says('a', PATCH), says('b', { ...DENY, redact }), says('c', later), says('d', ALLOW)],
      moved,
    );
    expect(chain).toMatchObject({ decision: 'deny', code: 'NO', reason: 'because', hint: 'ask', by: { policy: 'b' } });
    expect(chain.event).toBe(EVENT);
    expect(chain.redactions).toEqual(redact);
    expect(chain.outcomes).toHaveLength(4);
  });

  it('hands over all limits, and none with a denial', () => {
    const limit: Decision = { decision: 'limit', limit: LIMIT };
    expect(combined([says('a', limit), says('b', limit)])).toMatchObject({ decision: 'allow', limits: [LIMIT, LIMIT] });
    expect(combined([says('a', limit), says('b', DENY)]).limits).toEqual([]);
  });

  it('modifies by the last that patched, with labels of all, the later over the earlier', () => {
    const event = requestEvent({ method: 'GET' });
    const chain = combined([says('a', ALLOW), says('b', PATCH), says('c', ALLOW)], event, Uint8Array.of(1));
    expect(chain).toMatchObject({
      decision: 'modify',
      code: 'MODIFIED',
      by: { policy: 'b' },
      labels: { a: '1', b: '1' },
    });
    expect(chain).toMatchObject({ event, body: Uint8Array.of(1), moved: false });
  });

  it('says when the call goes elsewhere', () => {
    const { url } = EVENT.request;
    expect(combined([says('a', PATCH)], requestEvent({ url: { ...url, host: 'b.example.com' } })).moved).toBe(true);
    expect(combined([says('a', PATCH)], requestEvent({ url: { ...url, port: 8443 } })).moved).toBe(true);
    expect(combined([says('a', PATCH)], requestEvent({ url: { ...url, path: '/b' } })).moved).toBe(false);
  });

  it('allows in the words of the last that was asked', () => {
    expect(combined([says('a', ALLOW), says('b', { decision: 'allow' })])).toMatchObject({
      decision: 'allow',
      code: 'ALLOWED',
      by: { policy: 'b', version: '1.0.0', digest: 'sha256:b' },
    });
  });

  it('allows with NO_POLICY when nobody was asked, or nobody counts', () => {
    const nobody = { decision: 'allow', code: 'NO_POLICY', by: undefined, event: EVENT };
    expect(combined([])).toMatchObject(nobody);
    expect(combined([outcome('a', { decision: DENY, counts: false })])).toMatchObject(nobody);
    expect(combined([fails('a', 'deny', false)])).toMatchObject(nobody);
  });

  it.each([
    ['deny', { decision: 'deny', code: 'POLICY_FUEL', by: { policy: 'b' } }],
    ['allow', { decision: 'allow', code: 'POLICY_FUEL', by: { policy: 'b' } }],
    ['skip', { decision: 'allow', code: 'FINE', by: { policy: 'a' } }],
  ] as const)('turns an error into what its policy is configured to: %s (ORCH-4702)', (onError, expected) => {
    expect(combined([says('a', ALLOW), fails('b', onError)])).toMatchObject(expected);
  });
});
