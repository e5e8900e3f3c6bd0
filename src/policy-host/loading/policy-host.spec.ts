import { readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { HostRig, policyEntries } from '../../../test/policy/host-rig.js';
import { answering, doing } from '../../../test/policy/modules.js';
import { requestEvent } from '../../../test/policy/events.js';
import { requestCall } from '../../../test/policy/pool-rig.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { eventually } from '../../../test/support/eventually.js';
import { SystemClock } from '../../kernel/clock.js';
import { digestOf } from '../module/prepare.js';
import { SandboxPool } from '../sandbox/pool/sandbox-pool.js';
import { LoadFailure } from './load-failure.js';
import { type Preparation, type PreparationJob, WorkerPreparer } from './preparation.js';

let rig: HostRig;
beforeEach(() => void (rig = new HostRig()));
afterEach(() => rig.close());

/** How often files are looked at where no event comes. */
const POLL_MS = 2_000;
const MINUTE_MS = 60_000;
const put = (made: Uint8Array | Promise<Uint8Array>) => rig.put(made, 'acme.wasm');
const named = (manifest: Partial<PolicyManifest> = {}): Partial<PolicyManifest> => ({ name: 'acme', ...manifest });
const denying = (code: string, manifest: Partial<PolicyManifest> = {}) =>
  answering({ decision: 'deny', code }, named(manifest));
const acme = (more: object = {}) => policyEntries({ path: 'acme.wasm', ...more });

describe('a changed file', () => {
  it('is loaded and takes the place of the one before (ORCH-4702, OC-POLICY-4020)', async () => {
    const first = await put(denying('ONE'));
    const host = await rig.open(acme());
    const second = await put(denying('TWO', { version: '2.0.0' }));
    await eventually(async () => expect(await host.decide(requestCall())).toMatchObject({ code: 'TWO' }));
    expect(host.list()[0]).toMatchObject({ version: '2.0.0', digest: digestOf(second), state: 'active', error: null });
    expect(rig.news.at(-1)).toEqual({ type: 'swapped', policy: host.list()[0], before: digestOf(first) });
    await eventually(() => expect(readdirSync(rig.archiveFolder)).toHaveLength(2));
    expect(await metric('llama_orch_policy_swaps_total', 'plugin="acme",result="ok"')).toBe(1);
  });

  it('that cannot be loaded leaves the last good version in force, and says why (ORCH-4702)', async () => {
    await put(denying('ONE'));
    const host = await rig.open(acme());
    await put(Buffer.from('half a modu'));
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^module: .*\(POLICY_ABI\)$/));
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ONE' });
    expect(host.list()[0]?.state).toBe('active');
    expect(rig.news.at(-1)).toMatchObject({ type: 'not-swapped', policy: { id: 'acme', version: '1.0.0' } });
    expect(rig.logger.of('policy').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/acme has changed and is not loaded: module: .*goes on/),
    );
    expect(await metric('llama_orch_policy_swaps_total', 'plugin="acme",result="failed"')).toBe(1);
  });

  it('that is gone changes nothing, and is taken when it comes back (ORCH-4702)', async () => {
    const bytes = await put(denying('ONE'));
    const host = await rig.open(acme());
    rmSync(join(rig.folder, 'acme.wasm'));
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^read: there is no such file/));
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ONE' });
    await put(bytes);
    await eventually(() => expect(host.list()[0]?.error).toBeNull());
  });

  it('under another name of its own is refused (ORCH-4702)', async () => {
    await put(denying('ONE'));
    const host = await rig.open(acme());
    await put(denying('TWO', { name: 'zebra' }));
    await eventually(() =>
      expect(host.list()[0]?.error).toMatch(/^name: the module calls itself zebra and replaces acme/),
    );
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ONE' });
  });

  it('that would not be asked any more where the one before is asked is refused (ORCH-4702)', async () => {
    await put(denying('ONE'));
    const host = await rig.open(acme());
    await put(denying('TWO', { hooks: ['on_response'] }));
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^hooks: the module has no on_request/));
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ONE' });
  });

  it('is not looked at when the operator does not want it (ORCH-4702)', async () => {
    const clock = new FakeClock();
    await put(denying('ONE'));
    await rig.open(acme(), { watch: false, clock });
    expect(clock.pending).toBe(0);
  });

  it('is found where the file system tells nothing, and what failed is not tried again (ORCH-4702)', async () => {
    const clock = new FakeClock();
    const preparer = new CountingPreparer(new SystemClock());
    await put(denying('ONE'));
    const host = await rig.open(acme(), { clock, preparer });
    await put(Buffer.from('half a modu'));
    clock.leap(POLL_MS);
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^module: /));
    for (let look = 0; look < 5; look++) await clock.advance(POLL_MS);
    await put(denying('TWO'));
    clock.leap(POLL_MS);
    await eventually(async () => expect((await host.decide(requestCall())).code).toBe('TWO'));
    expect(preparer.jobs).toBe(3);
  });
});

describe('a changed file that cannot be loaded at the moment', () => {
  it('is tried again, later each time, and taken when it can be (ORCH-4702)', async () => {
    const clock = new FakeClock();
    const preparer = new FailingPreparer(new SystemClock());
    await put(denying('ONE'));
    const host = await rig.open(acme(), { clock, preparer });
    preparer.lacks = true;
    await put(denying('TWO'));
    clock.leap(POLL_MS);
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^module: its worker ended; it is tried again$/));
    const soon = preparer.jobs;
    await eventually(() => {
      clock.leap(POLL_MS);
      expect(preparer.jobs - soon).toBeGreaterThan(2);
    });
    expect(rig.news.filter(({ type }) => type === 'not-swapped')).toHaveLength(1);
    preparer.lacks = false;
    await eventually(async () => {
      clock.leap(POLL_MS);
      expect((await host.decide(requestCall())).code).toBe('TWO');
    });
    expect(host.list()[0]?.error).toBeNull();
  });
});

describe('what a policy says', () => {
  it('steers no terminal and begins no line of its own, and is recorded to the letter (OC-POLICY-4030)', async () => {
    const reason = 'no\u001b[2J\r\nHTTP/1.1 200 OK\u202e!';
    await put(answering({ decision: 'deny', code: 'ONE', reason, hint: 'a\u0007b\u009bc' }, named()));
    const outcome = await (await rig.open(acme())).decide(requestCall());
    expect(outcome).toMatchObject({ reason: 'no [2J HTTP/1.1 200 OK !', hint: 'a b c' });
    expect(outcome.outcomes[0]!.decision).toMatchObject({ reason });
  });
});

describe('a start without a sandbox', () => {
  it('says what broke it, by name and message (ORCH-4702)', async () => {
    await put(denying('ONE'));
    const sandbox = (): never => {
      throw new Error('no worker', { cause: new RangeError('Cannot load /opt/app/dist/worker.js') });
    };
    await expect(rig.open(acme(), { sandbox })).rejects.toThrow('no worker; RangeError: Cannot load worker.js');
  });
});

describe('a policy that overruns its bounds', () => {
  it('is put in quarantine, and a mended module ends it (ORCH-4702, OC-POLICY-4011)', async () => {
    const looping = () => doing('(loop $again (br $again))', { manifest: named() });
    await put(looping());
    const host = await rig.open(acme({ limits: { fuel: 10_000 } }));
    for (let call = 0; call < 3; call++) expect((await host.decide(requestCall())).code).toBe('POLICY_FUEL');
    expect((await host.decide(requestCall())).code).toBe('POLICY_UNAVAILABLE');
    expect(host.list()[0]?.state).toBe('quarantined');
    expect(host.list()[0]?.error).toMatch(/one call tries it again in \d+ s/);
    expect(rig.news.filter(({ type }) => type === 'quarantined')).toHaveLength(1);
    expect(await metric('llama_orch_policy_quarantined', 'plugin="acme"')).toBe(1);
    expect(await metric('llama_orch_policy_quarantines_total', 'plugin="acme"')).toBe(1);
    await put(denying('MENDED'));
    await eventually(async () => expect((await host.decide(requestCall())).code).toBe('MENDED'));
    expect(host.list()[0]?.state).toBe('active');
    expect(await metric('llama_orch_policy_quarantined', 'plugin="acme"')).toBe(0);
  });

  it('is tried again after a minute, then after two, and asked again when it keeps to them (ORCH-4702, OC-POLICY-4011)', async () => {
    const clock = new FakeClock();
    await put(doing(WITH_LONG_EVENTS, { manifest: named() }));
    const sandbox = () => new SandboxPool({ clock, workers: 1 });
    const host = await rig.open(acme({ limits: { fuel: 10_000 } }), { clock, sandbox, watch: false });
    const codes = async (calls: number): Promise<string[]> => {
      const all: string[] = [];
      for (let call = 0; call < calls; call++) all.push((await host.decide(long())).code);
      return all;
    };
    expect(await codes(4)).toEqual(['POLICY_FUEL', 'POLICY_FUEL', 'POLICY_FUEL', 'POLICY_UNAVAILABLE']);
    clock.leap(MINUTE_MS);
    expect(await codes(2)).toEqual(['POLICY_FUEL', 'POLICY_UNAVAILABLE']);
    clock.leap(MINUTE_MS);
    expect((await host.decide(requestCall())).reason).toContain('tries it again in 60 s');
    clock.leap(MINUTE_MS);
    expect((await host.decide(requestCall())).code).toBe('DONE');
    expect(host.list()[0]).toMatchObject({ state: 'active', error: null });
    expect(rig.news.map(({ type }) => type)).toEqual(['loaded', 'quarantined', 'quarantined', 'restored']);
    expect(await metric('llama_orch_policy_quarantines_total', 'plugin="acme"')).toBe(2);
    expect(await metric('llama_orch_policy_quarantined', 'plugin="acme"')).toBe(0);
    expect(await codes(1)).toEqual(['POLICY_FUEL']);
  });

  it('gets another chance when its file is touched (ORCH-4702)', async () => {
    await put(doing('(loop $again (br $again))', { manifest: named() }));
    const host = await rig.open(acme({ limits: { fuel: 10_000 } }));
    for (let call = 0; call < 3; call++) await host.decide(requestCall());
    expect(host.list()[0]?.state).toBe('quarantined');
    utimesSync(join(rig.folder, 'acme.wasm'), 1, 1);
    await eventually(() => expect(host.list()[0]?.state).toBe('active'));
  });
});

describe('the chain', () => {
  it('asks in the order of the configuration, native policies among them (ORCH-4702)', async () => {
    await put(answering({ decision: 'allow', code: 'FINE' }, named()));
    const host = await rig.open(policyEntries({ builtin: 'allow-all' }, { path: 'acme.wasm' }));
    const outcome = await host.decide(requestCall());
    expect(outcome.outcomes.map(({ policy, decision }) => [policy, decision?.decision])).toEqual([
      ['allow-all', 'allow'],
      ['acme', 'allow'],
    ]);
    expect([outcome.code, outcome.by?.policy]).toEqual(['FINE', 'acme']);
    expect(host.list().map(({ id }) => id)).toEqual(['allow-all', 'acme']);
  });

  it('allows with allow-all alone, and says who did (ORCH-4702)', async () => {
    const host = await rig.open(policyEntries({ builtin: 'allow-all', id: 'open' }));
    expect(await host.decide(requestCall())).toMatchObject({
      decision: 'allow',
      code: 'ALLOWED',
      by: { policy: 'open', version: '1.0.0' },
      outcomes: [{ policy: 'open', counts: true, fuel: 0 }],
    });
    expect(await metric('llama_orch_policy_calls_total', 'plugin="open",decision="allow"')).toBe(1);
  });

  it.each([
    ['settings', { settings: { a: 1 } }, 'policy allow-all: settings: allow-all has no settings; leave them out'],
    ['another digest', { sha256: `sha256:${'0'.repeat(64)}` }, 'policy allow-all: digest: the module is sha256:'],
    ['a hook that it lacks', { hooks: ['on_admission'] }, 'policy allow-all: hooks: the policy has no on_admission'],
  ])('does not take %s for allow-all (ORCH-4702)', async (_what, entry, words) => {
    await expect(rig.open(policyEntries({ builtin: 'allow-all', ...entry }))).rejects.toThrow(words);
  });

  it('lets a policy in monitor mode watch and decide nothing (ORCH-4702)', async () => {
    await put(denying('NO'));
    const host = await rig.open(acme({ mode: 'monitor' }));
    const outcome = await host.decide(requestCall());
    expect([outcome.decision, outcome.code]).toEqual(['allow', 'NO_POLICY']);
    expect(outcome.outcomes).toMatchObject([
      { policy: 'acme', counts: false, decision: { decision: 'deny', code: 'NO' } },
    ]);
  });

  it('asks a policy only at the hooks that its entry names (ORCH-4702)', async () => {
    await put(denying('NO', { hooks: ['on_request', 'on_response'] }));
    const host = await rig.open(acme({ hooks: ['on_response'] }));
    expect([host.has('on_request'), host.has('on_response')]).toEqual([false, true]);
    expect((await host.decide(requestCall())).code).toBe('NO_POLICY');
  });

  it('logs, counts and measures each decision under its policy (OC-POLICY-4020)', async () => {
    const bytes = await put(denying('NO'));
    const host = await rig.open(acme());
    const { outcomes } = await host.decide(requestCall());
    expect(rig.logger.of('policy').at(-1)?.fields).toEqual({
      policy: 'acme',
      version: '1.0.0',
      digest: digestOf(bytes),
      hook: 'on_request',
      correlation_id: 'c-1',
      decision_id: '01JD0000000000000000000000',
      decision: 'deny',
      code: 'NO',
      counts: true,
      fuel: outcomes[0]?.fuel,
      latency_us: outcomes[0]?.latencyUs,
    });
    expect(await metric('llama_orch_policy_calls_total', 'plugin="acme",decision="deny"')).toBe(1);
    expect(await metric('llama_orch_policy_fuel_total', 'plugin="acme"')).toBe(outcomes[0]?.fuel);
    expect(await metric('llama_orch_policy_call_seconds_count', 'plugin="acme"')).toBe(1);
  });
});

/** Runs out of fuel on a long event, and allows a short one. */
const WITH_LONG_EVENTS = '(loop $again (br_if $again (i64.gt_u (call $input_length) (i64.const 2000))))';
const long = () => requestCall({ event: requestEvent({ headers: [['x-long', 'x'.repeat(2_000)]] }) });

class CountingPreparer extends WorkerPreparer {
  jobs = 0;

  override prepare(job: PreparationJob): Promise<Preparation> {
    this.jobs += 1;
    return super.prepare(job);
  }
}

/** Whose worker can be made to end before it answers. */
class FailingPreparer extends CountingPreparer {
  lacks = false;

  override async prepare(job: PreparationJob): Promise<Preparation> {
    const preparation = await super.prepare(job);
    if (this.lacks) throw new LoadFailure('module', 'its worker ended');
    return preparation;
  }
}

async function metric(name: string, labels: string): Promise<number> {
  const line = (await rig.metrics.text()).split('\n').find((one) => one.startsWith(`${name}{${labels}}`));
  return Number(line?.split(' ').at(-1));
}
