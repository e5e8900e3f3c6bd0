import { type Capabilities } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { eventually } from '../support/eventually.js';
import { HeldClock } from '../support/held-clock.js';
import { type Answer, completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const KEYS = { steady: newKey('steady'), free: newKey('free'), anna: newKey('anna'), ben: newKey('ben') };
const HOLD = '[[mock:stall@0]]';

type KeyId = keyof typeof KEYS;

function record(id: KeyId, tenant: string, more: object = {}): object {
  return { id, hash: hashKey(KEYS[id]), tenant, scopes: ['infer', 'observe'], ...more };
}

function by(id: KeyId, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { authorization: `Bearer ${KEYS[id]}`, ...more };
}

interface Setup {
  readonly steady?: object;
  readonly tenants?: readonly object[];
  readonly pools?: readonly Readonly<Record<string, unknown>>[];
}

function startLimited({ steady, tenants = [], pools = [mockPool()] }: Setup): Promise<TestApp> {
  const keys = [
    record('steady', 's', steady && { limits: steady }),
    record('free', 's'),
    record('anna', 'a'),
    record('ben', 'b'),
  ];
  return startTestApp({ auth: { keys }, tenants, pools });
}

async function startReady(setup: Setup): Promise<TestApp> {
  const app = await startLimited(setup);
  for (const id of app.poolIds) {
    const ready = async () =>
      (await app.call<{ ready: boolean }>(`/v1/pools/${id}/health`, { headers: by('free') })).body;
    await eventually(async () => expect((await ready()).ready).toBe(true));
  }
  return app;
}

/** A refusal by a limit, with headers that agree with its body. Returns the wait. */
function expectQuota(answer: Answer, name: string): number {
  const body = expectProblem(answer, 429, 'QUOTA_EXCEEDED');
  const wait = body['retry_after_ms'] as number;
  expect(body).toMatchObject({ policy_label: 'reject', retriable: true, limit: { name } });
  expect(answer.headers.get('x-backoff-ms')).toBe(String(wait));
  expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(wait / 1000)));
  return wait;
}

describe('A key with a rate', () => {
  /** One task at once, and the next one in a hundred seconds. */
  const once = { rps: 0.01, burst: 1 };

  it('may submit its burst, and is told on each answer what is left (ORCH-3006, ORCH-4304)', async () => {
    const app = await startReady({ steady: { rps: 0.01, burst: 2 } });
    const answers = [];
    for (let count = 0; count < 3; count++) answers.push(await app.post(completion(), by('steady')));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(
      Array(3).fill('"requests";q=2;w=200'),
    );
    expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual([
      ...['"requests";r=1;t=60', '"requests";r=0;t=60', '"requests";r=0;t=60'],
    ]);
    expectQuota(answers[2]!, 'rps');
    expect(answers[2]!.body).toMatchObject({ engine: null });
    const other = await app.post(completion(), by('free'));
    expect([other.status, other.headers.get('ratelimit')]).toEqual([202, null]);
    expect(await app.metric('llama_orch_quota_denied_total', { tenant: 's', limit: 'rps' })).toBe(1);
    expect(app.lines.find(({ event }) => event === 'rejected')).toMatchObject({
      ...{ client_id: 'steady', tenant_id: 's', reason: 'QUOTA_EXCEEDED' },
      correlation_id: answers[2]!.headers.get('x-correlation-id'),
    });
  });

  it('is let in again when it waits as told (ORCH-3006, ORCH-4304)', async () => {
    const app = await startReady({ steady: { rps: 5, burst: 2 } });
    const clock = new HeldClock(app);
    const first = await Promise.all(Array.from({ length: 7 }, () => app.post(completion(), by('steady'))));
    const waits = first.filter(({ status }) => status === 429).map((answer) => expectQuota(answer, 'rps'));
    expect(waits.length).toBe(5);
    let waitedMs = 0;
    for (const wait of waits.toSorted((a, b) => a - b)) {
      clock.leap(wait - waitedMs);
      waitedMs = wait;
      expect((await app.post(completion(), by('steady'))).status).toBe(202);
    }
  });

  it('is refused before its body is looked at, and after the key (ORCH-4401, ORCH-3006, OC-CTRL-2010)', async () => {
    const app = await startReady({ steady: once });
    expectProblem(await app.post('{', by('steady')), 400, 'INVALID_PARAMS');
    for (const body of ['{', 'x'.repeat(5 * 1024 * 1024), completion('x', { max_tokens: 0 })]) {
      expectQuota(await app.post(body, by('steady')), 'rps');
    }
    expectQuota(await app.post('x', by('steady', { 'content-type': 'text/plain' })), 'rps');
    expectProblem(await app.post(completion(), { authorization: 'Bearer nobody' }), 403, 'FORBIDDEN');
  });

  it('is refused a replay too when its tokens are used up (ORCH-4401)', async () => {
    const app = await startReady({ steady: once });
    const headers = by('steady', { 'idempotency-key': 'k' });
    expect((await app.post(completion(), headers)).status).toBe(202);
    expectQuota(await app.post(completion(), headers), 'rps');
  });

  it('reads, follows and cancels as often as it likes (ORCH-3006, ORCH-2003)', async () => {
    const app = await startReady({ steady: once });
    const { body } = await app.post<{ task_id: string }>(completion(HOLD), by('steady'));
    const path = `/v1/tasks/${body.task_id}`;
    for (let count = 0; count < 5; count++) expect((await app.call(path, { headers: by('steady') })).status).toBe(200);
    expect((await app.cancel(body.task_id, by('steady'))).status).toBe(204);
    expectQuota(await app.post(completion(), by('steady')), 'rps');
  });
});

describe('A tenant with limits', () => {
  it('never touches another (ORCH-3077, ORCH-3036)', async () => {
    const app = await startReady({ tenants: [{ id: 'a', rps: 0.01, max_concurrent: 5, tokens_per_min: 500 }] });
    const statuses = async (id: KeyId) =>
      (await Promise.all(Array.from({ length: 5 }, () => app.post(completion(), by(id))))).map(({ status }) => status);
    const [anna, ben] = await Promise.all([statuses('anna'), statuses('ben')]);
    expect(anna.toSorted()).toEqual([202, 429, 429, 429, 429]);
    expect(ben).toEqual([202, 202, 202, 202, 202]);
    expectQuota(await app.post(completion(), by('anna')), 'rps');
  });

  it.each(['cancelled', 'left by its reader', 'evicted', 'past its deadline'])(
    'has room again when its task is %s (ORCH-3077)',
    async (how) => {
      const pool = mockPool(
        {},
        { queue: { capacity: 1, full_policy: 'drop-lru' }, perf: { prefill_tps: 1e6, decode_tps: 1e6 } },
      );
      const app = await startReady({ tenants: [{ id: 'a', max_concurrent: 1, tokens_per_min: 100 }], pools: [pool] });
      const clock = new HeldClock(app);
      const holder = (await app.post<{ task_id: string }>(completion(HOLD, { max_tokens: 1 }), by('ben'))).body;
      const facts = how === 'past its deadline' ? { deadline_ms: 60 } : { on_disconnect: 'cancel' };
      const waiting = await app.post<{ task_id: string }>(completion('x', { max_tokens: 80, ...facts }), by('anna'));
      expect(waiting.status).toBe(202);
      expectQuota(await app.post(completion(), by('anna')), 'max_concurrent');
      if (how === 'cancelled') await app.cancel(waiting.body.task_id, by('anna'));
      if (how === 'evicted') await app.post(completion(), by('ben'));
      if (how === 'past its deadline') clock.leap(60);
      if (how === 'left by its reader') (await app.follow(waiting.body.task_id, { headers: by('anna') })).close();
      const again = async () => (await app.post(completion('x', { max_tokens: 80 }), by('anna'))).status;
      await eventually(async () => expect(await again()).toBe(202));
      await app.cancel(holder.task_id, by('ben'));
    },
  );

  it('is charged with the tokens that its tasks used (ORCH-3077, ORCH-3036)', async () => {
    const app = await startReady({ tenants: [{ id: 'a', tokens_per_min: 200 }], pools: [mockPool({ tokens: 5 })] });
    new HeldClock(app);
    const { body } = await app.post<{ task_id: string }>(completion('a frog', { max_tokens: 150 }), by('anna'));
    await app.frames(body.task_id, { headers: by('anna') });
    expect((await app.post(completion(HOLD, { max_tokens: 150 }), by('anna'))).status).toBe(202);
    const refused = await app.post(completion('a frog', { max_tokens: 150 }), by('anna'));
    expect(expectQuota(refused, 'tokens_per_min')).toBeGreaterThan(10_000);
  });
});

describe('A class with a rate', () => {
  const slow = { admission: { priorities: [{ name: 'batch', rate_limit_rps: 0.01 }] } };
  const batch = completion('x', { priority: 'batch' });

  it('is limited in its pool, the other class is not (ORCH-3036, ORCH-4401)', async () => {
    const app = await startReady({ pools: [mockPool({}, slow)] });
    const post = (body: unknown) => app.post(body, by('free'));
    expect([(await post(batch)).status, (await post(completion())).status]).toEqual([202, 202]);
    const refused = await post(batch);
    expectQuota(refused, 'rate_limit_rps');
    expect(refused.body).toMatchObject({ engine: 'mock', pool_id: 'mock' });
    expectProblem(await post(completion('x', { priority: 'batch', deadline_ms: 0 })), 400, 'DEADLINE_UNMET');
  });

  it('goes to another pool that serves it while one is limited (ORCH-4401)', async () => {
    const app = await startReady({ pools: [mockPool({}, { id: 'a', ...slow }), mockPool({}, { id: 'b' })] });
    const pools = [];
    for (let count = 0; count < 3; count++) {
      const { body } = await app.post<{ task_id: string; pool_id: string }>(batch, by('free'));
      await app.frames(body.task_id, { headers: by('free') });
      pools.push(body.pool_id);
    }
    expect(pools).toEqual(['a', 'b', 'b']);
  });
});

describe('Capabilities', () => {
  it('tell the caller its own limits (OC-CTRL-2060, ORCH-3095)', async () => {
    const tenants = [
      { id: 'a', rps: 3, max_concurrent: 4, tokens_per_min: 5 },
      { id: 's', rps: 9 },
    ];
    const app = await startReady({ steady: { rps: 20, burst: 40 }, tenants });
    const limitsOf = async (id: KeyId) => {
      const { body } = await app.call<Capabilities>('/v1/capabilities', { headers: by(id) });
      expectSchema('Capabilities', body);
      return body.engines[0]!.rate_limits;
    };
    expect(await limitsOf('steady')).toEqual({ rps: 9, burst: 9 });
    expect(await limitsOf('free')).toEqual({ rps: 9, burst: 9 });
    expect(await limitsOf('anna')).toEqual({ rps: 3, burst: 3, max_concurrent: 4, tokens_per_min: 5 });
    expect(await limitsOf('ben')).toEqual({});
  });
});
