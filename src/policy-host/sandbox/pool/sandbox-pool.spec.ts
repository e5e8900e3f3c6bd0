import { type Decision, type PatchOp } from '@llama-orch/policy-sdk/abi';
import { admissionEvent, requestEvent } from '../../../../test/policy/events.js';
import { answering, doing, policyOf } from '../../../../test/policy/modules.js';
import { installable, type Installable, Pools, requestCall } from '../../../../test/policy/pool-rig.js';
import { eventually } from '../../../../test/support/eventually.js';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { type ChainOutcome } from '../chain.js';
import { type InstalledPolicy } from '../policy-set.js';
import { type SandboxPool } from './sandbox-pool.js';
import { IDLE, type Turn } from './turn.js';

const pools = new Pools();
afterEach(() => pools.close());

const LOOP = '(loop $again (br $again))';
/** More than any deadline here. */
const ENDLESS = { fuel: 1e15 };
const DEADLINE_MS = 100;

async function says(id: string, decision: Decision, settings: Installable = {}): Promise<InstalledPolicy> {
  return installable(await answering(decision, { hooks: ['on_request', 'on_admission'] }), { id, ...settings });
}

async function loops(id: string, settings: Installable = {}): Promise<InstalledPolicy> {
  return installable(await doing(LOOP, { manifest: { hooks: ['on_request', 'on_admission'] } }), { id, ...settings });
}

/** Denies with what it was asked, so that a test can see it. */
const TELLER = {
  body: `(local $block i64) (local $i i64)
    (local.set $block (call $alloc (call $input_length)))
    (block $done (loop $copy
      (br_if $done (i64.ge_u (local.get $i) (call $input_length)))
      (call $store_u8 (i64.add (local.get $block) (local.get $i)) (call $input_load_u8 (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br $copy)))
    (call $log_info (local.get $block))
    (call $answer %yes)`,
  texts: { yes: '{"decision":"allow","code":"HEARD"}' },
};

async function tells(id: string, settings: Installable = {}): Promise<InstalledPolicy> {
  return installable(await policyOf(TELLER), { id, ...settings });
}

function heard({ outcomes }: ChainOutcome, id: string): ReturnType<typeof requestEvent> {
  return JSON.parse(outcomes.find(({ policy }) => policy === id)!.logs[0]!.text) as ReturnType<typeof requestEvent>;
}

const header = (name: string, value: string): PatchOp => ({ op: 'setHeader', name, value });

describe('A chain in the pool', () => {
  it('shows each policy the event as it was patched before, with settings of its own', async () => {
    const patch = await says('a', { decision: 'modify', patch: [header('x-a', '1')] }, { mayModify: true });
    const pool = await pools.with([
      await tells('first', { config: { n: 1 } }),
      patch,
      await tells('last', { config: { n: 2 } }),
    ]);
    const outcome = await pool.run(requestCall());
    expect(outcome).toMatchObject({ decision: 'modify', code: 'MODIFIED', by: { policy: 'a' } });
    expect(heard(outcome, 'first')).toMatchObject({
      config: { n: 1 },
      request: { headers: [['content-type', 'application/json']] },
    });
    expect(heard(outcome, 'last')).toMatchObject({ config: { n: 2 } });
    expect(heard(outcome, 'last').request.headers).toContainEqual(['x-a', '1']);
    const headers = Object.entries({ 'content-type': 'application/json', 'x-a': '1' });
    expect(outcome.event).toMatchObject({ config: {}, request: { headers } });
  });

  it('hands the event back as it was given when nothing was patched', async () => {
    const call = requestCall();
    const pool = await pools.with([await says('a', { decision: 'allow' })]);
    expect((await pool.run(call)).event).toBe(call.event);
  });

  it('records what a policy in monitor mode says, and does not count it', async () => {
    const monitored = { mode: 'monitor', mayModify: true } as const;
    const pool = await pools.with([
      await says('denies', { decision: 'deny', code: 'NO' }, monitored),
      await says('patches', { decision: 'modify', patch: [header('x-a', '1')] }, monitored),
      await says('allows', { decision: 'allow', code: 'FINE' }),
    ]);
    const call = requestCall();
    const outcome = await pool.run(call);
    expect(outcome).toMatchObject({ decision: 'allow', code: 'FINE' });
    expect(outcome.event).toBe(call.event);
    expect(outcome.outcomes.map(({ counts, decision }) => [counts, decision?.decision])).toEqual([
      [false, 'deny'],
      [false, 'modify'],
      [true, 'allow'],
    ]);
  });

  it('tells each policy in which mode it is asked, also behind a patch (ORCH-4702)', async () => {
    const pool = await pools.with([
      await tells('watches', { mode: 'monitor', config: { n: 1 } }),
      await says('patches', { decision: 'modify', patch: [header('x-a', '1')] }, { mayModify: true }),
      await tells('guards'),
      await tells('watches-too', { mode: 'monitor' }),
    ]);
    const outcome = await pool.run(requestCall());
    const modes = ['watches', 'guards', 'watches-too'].map((id) => heard(outcome, id).mode);
    expect(modes).toEqual(['monitor', 'enforce', 'monitor']);
    expect(heard(outcome, 'watches').config).toEqual({ n: 1 });
    expect(outcome.event.mode).toBe('enforce');
  });

  it('says of each answer who gave it, and what it took (OC-POLICY-4020)', async () => {
    const policy = await says('a', { decision: 'allow' }, { config: { n: 1 } });
    const pool = await pools.with([policy]);
    const { outcomes, latencyUs } = await pool.run(requestCall());
    expect(outcomes).toEqual([
      expect.objectContaining({ policy: 'a', version: '1.0.0', digest: policy.prepared.digest, config: { n: 1 } }),
    ]);
    expect(outcomes[0]).toMatchObject({ hook: 'on_request', onError: 'deny', memoryBytes: 65_536 });
    expect(outcomes[0]!.fuel).toBeGreaterThan(0);
    expect(latencyUs).toBeGreaterThanOrEqual(outcomes[0]!.latencyUs);
  });

  it('asks who has the hook, and only those that are wanted', async () => {
    const pool = await pools.with([
      await says('a', { decision: 'allow' }, { hooks: ['on_response'] }),
      await says('b', { decision: 'allow' }),
      await says('c', { decision: 'allow' }),
    ]);
    const asked = async (call: object): Promise<string[]> =>
      (await pool.run(requestCall(call))).outcomes.map(({ policy }) => policy);
    expect(await asked({})).toEqual(['b', 'c']);
    expect(await asked({ only: ['c', 'a'] })).toEqual(['c']);
    expect(await asked({ hook: 'on_response' })).toEqual([]);
  });

  it('reads bodies through their handles, and gives back the one that was patched', async () => {
    const reads = installable(
      await policyOf({
        body: '(call $log_info (call $json_get (i64.const 1) (call $block %at))) (call $answer %yes)',
        texts: { at: '/user', yes: '{"decision":"allow"}' },
        imports: '(import "llama-orch:policy/v1" "json_get" (func $json_get (param i64 i64) (result i64)))',
        manifest: { capabilities: ['json_get'] },
      }),
      { id: 'reads' },
    );
    const patch: PatchOp = { op: 'json', patch: [{ op: 'replace', path: '/user', value: 'nobody' }] };
    const patches = await says('patches', { decision: 'modify', patch: [patch] }, { mayModify: true });
    const pool = await pools.with([patches, reads]);
    const bytes = Buffer.from('{"user":"ann"}');
    const body = {
      handle: 1,
      bytes: bytes.length,
      sha256: '',
      contentType: 'application/json',
      form: 'json',
      value: { user: 'ann' },
      truncated: false,
    } as const;
    const outcome = await pool.run(requestCall({ event: requestEvent({ body }), bodies: new Map([[1, bytes]]) }));
    expect(outcome.outcomes[1]!.logs).toEqual([{ level: 'info', text: '"nobody"' }]);
    expect(Buffer.from(outcome.body!).toString()).toBe('{"user":"nobody"}');
    expect(outcome.event).toMatchObject({ request: { body: { value: { user: 'nobody' } } } });
    expect(bytes.toString()).toBe('{"user":"ann"}');
  });

  it('shares nothing between two calls: globals, memory and blocks are fresh (OC-POLICY-4001)', async () => {
    const keeps = installable(
      await doing(
        `(if (i32.or (i32.load (i32.const 16)) (global.get $kept)) (then unreachable))
         (i32.store (i32.const 16) (i32.const 1)) (global.set $kept (i32.const 1)) (drop (memory.grow (i32.const 1)))`,
        { more: '(global $kept (mut i32) (i32.const 0))' },
      ),
    );
    const pool = await pools.with([keeps]);
    for (let call = 0; call < 5; call += 1) expect((await pool.run(requestCall())).code).toBe('DONE');
  });
});

describe('A policy that does not answer in time', () => {
  it('is ended, and the call denied in its name; the next call is answered (ORCH-4702)', async () => {
    const { pool, clock } = await onTime(
      await says('good', { decision: 'allow' }),
      await loops('bad', { limits: ENDLESS }),
    );
    const running = pool.run(requestCall());
    await overdue(pool, clock);
    expect(await running).toMatchObject({
      decision: 'deny',
      code: 'POLICY_DEADLINE',
      by: { policy: 'bad' },
      outcomes: [{}],
    });
    await eventually(async () => expect((await pool.run(requestCall({ only: ['good'] }))).code).toBe('ALLOWED'));
  });

  it.each([
    { onError: { on_request: 'skip', on_response: 'skip', on_admission: 'skip' } },
    { mode: 'monitor' },
  ] as const)('leaves the decision to the others when its errors do not count: %j', async (settings) => {
    const bad = await loops('bad', { ...settings, limits: ENDLESS });
    const { pool, clock } = await onTime(bad, await says('good', { decision: 'deny', code: 'NO' }));
    const running = pool.run(requestCall());
    await overdue(pool, clock);
    const { code, outcomes } = await running;
    expect(code).toBe('NO');
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['POLICY_DEADLINE', undefined]);
  });

  it('does not hold up an admission: its caller is answered, and the worker goes on', async () => {
    const clock = new FakeClock();
    const pool = await pools.with([await loops('slow', { limits: ENDLESS })], { clock, admissionDeadlineMs: 5 });
    const running = pool.run(requestCall({ hook: 'on_admission', event: admissionEvent() }));
    await computing(pool);
    clock.leap(5);
    expect(await running).toMatchObject({ decision: 'allow', code: 'POLICY_DEADLINE' });
    await computing(pool);
    expect([...pool.quarantines()]).toEqual([]);
  });

  it('is not blamed when the host itself stood still', async () => {
    const { pool, clock } = await onTime(await says('good', { decision: 'allow' }));
    await pool.run(requestCall());
    const idle = turns(pool).filter(({ place }) => place === IDLE);
    const isAsked = () => idle.some(({ place }) => place !== IDLE);
    const running = pool.run(requestCall());
    // The worker is asked in some promises from now, and answers while nobody here listens.
    for (let promise = 0; promise < 1_000 && !isAsked(); promise += 1) await Promise.resolve();
    while (isAsked()) standStill(1);
    clock.leap(DEADLINE_MS);
    expect((await running).code).toBe('ALLOWED');
  });

  it('is quarantined when it computed all that time, three times within a minute (OC-POLICY-4011)', async () => {
    const { pool, clock } = await onTime(await loops('bad', { limits: ENDLESS }));
    for (let call = 0; call < 3; call += 1) {
      const running = pool.run(requestCall());
      await overdue(pool, clock, ENOUGH_MS);
      const reason = 'bad: It was not done in time, and its sandbox was ended.';
      expect(await running).toMatchObject({ code: 'POLICY_DEADLINE', reason });
    }
    expect([...pool.quarantines().keys()]).toEqual(['bad']);
  });

  it('is not quarantined when it got no time to compute (OC-POLICY-4011)', async () => {
    const { pool, clock } = await onTime(await loops('starved', { limits: ENDLESS }));
    for (let call = 0; call < 4; call += 1) {
      const running = pool.run(requestCall());
      await overdue(pool, clock, 0);
      expect((await running).reason).toContain('the machine is too busy');
    }
    expect([...pool.quarantines()]).toEqual([]);
  });
});

describe('A policy that takes too much three times within a minute', () => {
  it('is not asked any more until it is loaded anew, while others are', async () => {
    const bad = await loops('bad', { limits: { fuel: 1_000 } });
    const good = await says('good', { decision: 'allow' });
    const pool = await pools.with([bad, good]);
    for (let call = 0; call < 3; call += 1) expect((await pool.run(requestCall())).code).toBe('POLICY_FUEL');
    const { code, outcomes } = await pool.run(requestCall());
    expect([code, outcomes[0]!.fuel, outcomes[1]!.error]).toEqual(['POLICY_UNAVAILABLE', 0, undefined]);
    expect(outcomes[0]!.error?.message).toMatch(/one call tries it again in \d+ s\.$/);
    expect([...pool.quarantines().keys()]).toEqual(['bad']);
    await pool.install({ policies: [bad, good] });
    expect([...pool.quarantines().keys()]).toEqual(['bad']);
    await pool.install({ policies: [{ ...bad }, good] });
    expect([...pool.quarantines()]).toEqual([]);
    expect((await pool.run(requestCall())).code).toBe('POLICY_FUEL');
  });

  it('is not counted for errors that take nothing', async () => {
    const pool = await pools.with([installable(await answering('nonsense'), { id: 'bad' })]);
    for (let call = 0; call < 5; call += 1) await pool.run(requestCall());
    expect([...pool.quarantines()]).toEqual([]);
  });
});

describe('The pool', () => {
  it('answers NO_POLICY and starts no worker while nothing is installed', async () => {
    const pool = pools.open();
    expect(await pool.run(requestCall())).toMatchObject({ decision: 'allow', code: 'NO_POLICY', outcomes: [] });
    await pool.install({ policies: [] });
    expect((await pool.run(requestCall())).code).toBe('NO_POLICY');
  });

  it('lets a bounded number of calls wait, and denies the others', async () => {
    const clock = new FakeClock();
    const pool = await pools.with(
      [await loops('slow', { limits: ENDLESS }), await says('good', { decision: 'allow' })],
      { clock, deadlineMs: DEADLINE_MS, waiting: 1 },
    );
    const calls = [requestCall(), requestCall({ only: ['good'] }), requestCall({ only: ['good'] })];
    const running = calls.map((call) => pool.run(call));
    await overdue(pool, clock);
    const [first, second, third] = await Promise.all(running);
    expect(first!.code).toBe('POLICY_DEADLINE');
    expect(third!).toMatchObject({ decision: 'deny', code: 'POLICY_UNAVAILABLE' });
    expect(third!.reason).toMatch(/too many calls wait/i);
    expect(second!.code).toBe('ALLOWED');
  });

  it('swaps sets while calls go on: each is answered by one of them, and none fails', async () => {
    const sets = [
      await says('a', { decision: 'allow', code: 'OLD' }),
      await says('a', { decision: 'allow', code: 'NEW' }),
    ];
    const pool = await pools.with([sets[0]!]);
    const codes = new Set<string>();
    const swapping = swapBackAndForth(pool, sets, 20);
    let isDone = false;
    void swapping.then(() => (isDone = true));
    while (!isDone) codes.add((await pool.run(requestCall())).code);
    await swapping;
    expect([...codes].sort()).toEqual(['NEW', 'OLD']);
    expect((await pool.run(requestCall())).code).toBe('NEW');
  });

  it('makes a lost worker anew with what the others have', async () => {
    const pool = await pools.with([await says('a', { decision: 'allow' })]);
    for (let lost = 0; lost < 3; lost += 1) {
      await loseWorkers(pool);
      await eventually(async () => expect((await pool.run(requestCall())).code).toBe('ALLOWED'));
    }
  });

  it('examines a module beside its calls', async () => {
    const pool = pools.open();
    const { prepared } = await says('a', { decision: 'deny', code: 'NO' });
    const cases = [{ hook: 'on_request', event: requestEvent(), config: {} }] as const;
    const { described, configCheck, answers } = await pool.examine({ prepared, config: {}, cases });
    expect(JSON.parse((described as { text: string }).text)).toEqual(prepared.manifest);
    expect(configCheck).toBeUndefined();
    expect(answers).toMatchObject([{ decision: { decision: 'deny', code: 'NO' }, failure: undefined }]);
  });

  it('answers the calls under way when it is closed, and refuses the next', async () => {
    const pool = await pools.with([await says('a', { decision: 'allow' })]);
    const underWay = [pool.run(requestCall()), pool.run(requestCall())];
    const closed = pool.close();
    expect((await underWay[0]!).code).toBe('ALLOWED');
    expect((await underWay[1]!).code).toBe('POLICY_UNAVAILABLE');
    await closed;
    expect(await pool.run(requestCall())).toMatchObject({ decision: 'deny', code: 'POLICY_UNAVAILABLE' });
    await expect(pool.install({ policies: [] })).rejects.toThrow('closed');
  });
});

async function swapBackAndForth(pool: SandboxPool, sets: readonly InstalledPolicy[], times: number): Promise<void> {
  for (let swap = 1; swap < times; swap += 1) await pool.install({ policies: [{ ...sets[swap % sets.length]! }] });
}

/** A pool whose time a test moves. */
async function onTime(...policies: readonly InstalledPolicy[]): Promise<{ pool: SandboxPool; clock: FakeClock }> {
  const clock = new FakeClock();
  return { pool: await pools.with(policies, { clock, deadlineMs: DEADLINE_MS }), clock };
}

/** Lets the deadline pass once a policy computes. */
async function overdue(pool: SandboxPool, clock: FakeClock, usedMs?: number): Promise<void> {
  await computing(pool);
  if (usedMs !== undefined) pretendUsed(pool, usedMs);
  clock.leap(DEADLINE_MS);
}

async function computing(pool: SandboxPool): Promise<void> {
  await eventually(() => expect(turns(pool).some(({ place }) => place >= 0)).toBe(true));
}

function turns(pool: SandboxPool): readonly Turn[] {
  const { members } = Reflect.get(pool, 'crew') as { members: { sandbox: object }[] };
  return members.map(({ sandbox }) => Reflect.get(sandbox, 'turn') as Turn);
}

const ENOUGH_MS = 1e6;

/** Has the workers say how long they have had the processor: a busy machine gives them little. */
function pretendUsed(pool: SandboxPool, ms: number): void {
  const { members } = Reflect.get(pool, 'crew') as { members: { sandbox: object }[] };
  for (const { sandbox } of members) {
    const worker = Reflect.get(sandbox, 'worker') as { cpuUsage: () => Promise<NodeJS.CpuUsage> };
    const turn = Reflect.get(sandbox, 'turn') as { since: Float64Array };
    worker.cpuUsage = () => {
      turn.since[0] = 0;
      return Promise.resolve({ user: ms * 1_000, system: 0 });
    };
  }
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** What a fault of the runtime would do. */
async function loseWorkers(pool: SandboxPool): Promise<void> {
  const { members } = Reflect.get(pool, 'crew') as { members: { sandbox: object }[] };
  const workers = members.map(({ sandbox }) => Reflect.get(sandbox, 'worker') as { terminate(): Promise<number> });
  await Promise.all(workers.map((worker) => worker.terminate()));
}
