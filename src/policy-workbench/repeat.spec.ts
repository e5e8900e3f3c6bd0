import { requestEvent } from '../../test/policy/events.js';
import { answering, doing, policyOf } from '../../test/policy/modules.js';
import { installable, Pools, requestCall } from '../../test/policy/pool-rig.js';
import { type PolicyRecord, recordOf, type RecordedOutcome } from '../policy-host/decision-record.js';
import { openPolicy } from '../policy-host/in-process.js';
import { ALLOW_ALL, ALLOW_ALL_DIGEST } from '../policy-host/native-policy.js';
import { digestOf } from '../policy-host/module/prepare.js';
import { type PolicyOutcome } from '../policy-host/sandbox/chain.js';
import { combine } from '../policy-host/sandbox/combine.js';
import { Benches } from './benches.js';
import { ModuleStore } from './decisions.js';
import { repeat } from './repeat.js';

class Modules extends ModuleStore {
  readonly kept = new Map<string, Uint8Array>();

  override read(digest: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.kept.get(digest));
  }
}

const modules = new Modules();
let benches: Benches;
beforeEach(() => (benches = new Benches(modules)));
const pools = new Pools();
afterEach(() => Promise.all([benches.close(), pools.close()]));

/** What a module answers to an event, and the module is kept. */
async function decided(making: Promise<Uint8Array<ArrayBuffer>>, event = requestEvent()): Promise<PolicyOutcome> {
  const bytes = await making;
  modules.kept.set(digestOf(bytes), bytes);
  const policy = await openPolicy(bytes);
  const outcome = await policy.decide('on_request', event);
  await policy.close();
  return outcome;
}

function recordWith(outcomes: readonly PolicyOutcome[], members: Partial<PolicyRecord> = {}): PolicyRecord {
  const event = requestEvent();
  const call = { hook: 'on_request', event, bodies: new Map<number, Uint8Array>(), counters: {} } as const;
  const chain = combine(outcomes, event, { event, bodies: call.bodies, body: undefined });
  return { ...recordOf(call, { ...chain, latencyUs: 0 }), ...members };
}

const ALLOW = { decision: 'allow' };
const CODE = (code: string): string => JSON.stringify({ ...ALLOW, code });

/** Reads the first letter of the mode, which stands at the end of the event before empty settings. */
const IN_MONITOR_MODE = `
  (if (i32.eq (call $input_load_u8 (i64.sub (call $input_length) (i64.const 21))) (i32.const 109))
    (then (call $answer %watching)) (else (call $answer %guarding)))`;

/** Takes fuel by the number that it is given. */
const COUNT = `(func $count (param $n i64)
  (loop $on
    (local.set $n (i64.sub (local.get $n) (i64.const 1)))
    (br_if $on (i64.gt_s (local.get $n) (i64.const 0)))))`;

describe('A record that is decided again', () => {
  it('has the same answers and fuel (OC-POLICY-4001)', async () => {
    const record = recordWith([await decided(answering(ALLOW)), await decided(answering({ decision: 'limit' }))]);
    await expect(repeat(record, benches)).resolves.toEqual({ same: 2, differences: [], left: [] });
  });

  it.each<readonly [string, Partial<RecordedOutcome>]>([
    ['another fuel', { fuel: 1 }],
    ['another answer', { decision: { decision: 'deny', code: 'NO' } }],
    ['an error that was none', { error: { code: 'POLICY_TRAP', message: '' } }],
  ])('shows %s (ORCH-4704)', async (_what, changed) => {
    const record = recordWith([await decided(answering(ALLOW))]);
    const forged = { ...record, outcomes: record.outcomes.map((one) => ({ ...one, ...changed })) };
    const { same, differences } = await repeat(forged, benches);
    expect({ same, count: differences.length }).toEqual({ same: 0, count: 1 });
    expect(differences[0]?.was).not.toBe(differences[0]?.is);
  });

  it('repeats an error: traps, nonsense, and fuel that was used up under other bounds (OC-POLICY-4011)', async () => {
    const endless = await doing('(loop $on (br $on))');
    modules.kept.set(digestOf(endless), endless);
    const policy = await openPolicy(endless, { limits: { fuel: 20_000 } });
    const spent = await policy.decide('on_request', requestEvent());
    await policy.close();
    expect(spent).toMatchObject({ error: { code: 'POLICY_FUEL' }, fuel: 20_000, limits: { fuel: 20_000 } });
    const record = recordWith([spent, await decided(doing('unreachable')), await decided(answering('nonsense'))]);
    await expect(repeat(record, benches)).resolves.toEqual({ same: 3, differences: [], left: [] });
  });

  it('asks a policy in the mode in which it was asked (OC-POLICY-4001)', async () => {
    const bytes = await policyOf({
      body: IN_MONITOR_MODE,
      texts: { watching: CODE('WATCHING'), guarding: CODE('GUARDING') },
    });
    const pool = await pools.with([
      installable(bytes, { id: 'watches', mode: 'monitor' }),
      installable(bytes, { id: 'guards' }),
    ]);
    modules.kept.set(digestOf(bytes), bytes);
    const call = requestCall();
    const outcome = await pool.run(call);
    expect(outcome.outcomes.map(({ decision }) => decision?.code)).toEqual(['WATCHING', 'GUARDING']);
    await expect(repeat(recordOf(call, outcome), benches)).resolves.toEqual({ same: 2, differences: [], left: [] });
  });

  it('repeats that a patch was not let through (ORCH-4702)', async () => {
    const patching = { decision: 'modify', patch: [{ op: 'setMethod', value: 'GET' }] };
    const outcome = await decided(answering(patching));
    const refused = {
      ...outcome,
      decision: undefined,
      error: { code: 'POLICY_BAD_OUTPUT', message: 'it may not modify' },
    } as const;
    await expect(repeat(recordWith([refused]), benches)).resolves.toMatchObject({ same: 1, differences: [] });
  });

  it('knows the policy that has no module (OC-POLICY-4020)', async () => {
    const { name, version } = ALLOW_ALL;
    const native = { ...(await decided(answering(ALLOW))), policy: name, version, digest: ALLOW_ALL_DIGEST, fuel: 0 };
    await expect(repeat(recordWith([native]), benches)).resolves.toMatchObject({ same: 1, left: [] });
  });

  it('leaves out what cannot be known, and says why (ORCH-4704)', async () => {
    const good = await decided(answering(ALLOW));
    const gone = { ...good, digest: `sha256:${'0'.repeat(64)}` };
    const late = { ...good, decision: undefined, error: { code: 'POLICY_DEADLINE', message: '' } } as const;
    const { same, left } = await repeat(recordWith([gone, good, late]), benches);
    expect(same).toBe(1);
    expect(left.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^the module sha256:0+ is not here; name/),
      'POLICY_DEADLINE depends on the machine and on what was asked before',
    ]);
  });

  it('goes on behind a policy that is left out with what that one had answered (OC-POLICY-4001)', async () => {
    const patch = [{ op: 'setHeader', name: 'x-long', value: 'x'.repeat(100) }] as const;
    const first = { ...(await decided(answering({ decision: 'modify', patch }))), digest: `sha256:${'1'.repeat(64)}` };
    const headers = [...requestEvent().request.headers, [patch[0].name, patch[0].value] as const];
    const second = await decided(
      doing('(call $count (call $input_length))', { more: COUNT }),
      requestEvent({ headers }),
    );
    const { same, differences } = await repeat(recordWith([first, second]), benches);
    expect({ same, differences }).toEqual({ same: 1, differences: [] });
    const unpatched = await repeat(recordWith([second]), benches);
    expect(unpatched.differences).toHaveLength(1);
  });

  it('is left alone where redaction hid a part of it (ORCH-3037)', async () => {
    const record = recordWith([await decided(answering(ALLOW))], { not_replayable: 'a part of it is hidden' });
    const { same, left } = await repeat(record, benches);
    expect({ same, left }).toEqual({ same: 0, left: [{ policy: 'fixture', why: 'a part of it is hidden' }] });
  });
});
