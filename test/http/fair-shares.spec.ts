import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { eventually } from '../support/eventually.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

const HOLD = '[[mock:stall@0]]';
const KEYS = { light: newKey('light'), heavy: newKey('heavy') };
type Tenant = keyof typeof KEYS;

const as = (tenant: Tenant) => ({ authorization: `Bearer ${KEYS[tenant]}` });
const small = completion('one two', { max_tokens: 4, expected_tokens: 4 });
const keys = (Object.keys(KEYS) as Tenant[]).map((id) => ({ id, hash: hashKey(KEYS[id]), tenant: id, scopes: ['infer', 'observe'] })); // prettier-ignore

/** A daemon whose only slot is taken, where tenant `heavy` weighs three times as much as `light`. */
async function startHeld(scheduler: object): Promise<{ app: TestApp; release: () => Promise<unknown> }> {
  const tenants = [{ id: 'heavy', weight: 3 }];
  const pool = mockPool({}, { queue: { capacity: 200 } });
  const app = await startTestApp({ auth: { keys }, tenants, scheduler, pools: [pool] });
  const holder = await app.submit(completion(HOLD), as('light'));
  return { app, release: () => app.cancel(holder.task_id, as('light')) };
}

/** Tenants of the dispatched tasks, in their order, without the one that held the slot. */
function dispatched({ lines }: TestApp): readonly Tenant[] {
  return lines.filter(({ event }) => event === 'dispatched').slice(1).map((line) => line['tenant_id'] as Tenant); // prettier-ignore
}

const text = async (app: TestApp) => (await app.call<string>('/metrics', { headers: as('light') })).text;

describe('Two tenants that flood a pool under wfq', () => {
  it('get what they weigh, however much the other has sent before (ORCH-3075, ORCH-3076, ORCH-4408)', async () => {
    const { app, release } = await startHeld({ discipline: 'wfq', options: { quantum: 6 } });
    for (let count = 0; count < 40; count++) await app.submit(small, as('light'));
    const positions: number[] = [];
    for (let count = 0; count < 20; count++) positions.push((await app.submit(small, as('heavy'))).queue_position);
    await release();
    await eventually(() => expect(dispatched(app)).toHaveLength(60));
    const order = dispatched(app);
    const ofHeavy = order.flatMap((tenant, at) => (tenant === 'heavy' ? [at] : []));
    // Three of four turns while both wait; the positions of the 202s came true but for what was sent later.
    expect(ofHeavy.filter((at) => at < 24).length).toBeGreaterThanOrEqual(16);
    expect(ofHeavy.at(-1)).toBeLessThanOrEqual(28);
    expect(positions.at(-1)).toBe(ofHeavy.at(-1));
    expect(await text(app)).toMatch(/admission_share\{tenant="heavy",priority="interactive"\} 0\.\d/);
  });

  it('are served in their order of arrival by priority-fifo, which owns no shares (ORCH-3004, ORCH-4903)', async () => {
    const { app, release } = await startHeld({});
    for (const tenant of ['light', 'light', 'light', 'heavy', 'heavy'] as const) await app.submit(small, as(tenant));
    await release();
    await eventually(() => expect(dispatched(app)).toEqual(['light', 'light', 'light', 'heavy', 'heavy']));
    expect(await text(app)).not.toMatch(/admission_share|deadlines_met_ratio/);
  });
});

describe('Tasks with deadlines', () => {
  it('go by deadline under edf, and the last ones are counted (ORCH-4409, ORCH-3081)', async () => {
    const { app, release } = await startHeld({ discipline: 'edf', deadline_window: 1 });
    const deadlines = [undefined, 90_000, 30_000, 60_000];
    const ids: string[] = [];
    for (const deadline_ms of deadlines) {
      ids.push((await app.submit({ ...small, ...(deadline_ms && { deadline_ms }) }, as('light'))).task_id);
    }
    await release();
    const jobs = () => app.lines.filter(({ event }) => event === 'dispatched').map((line) => line['job_id']);
    await eventually(() => expect(jobs().slice(1)).toEqual([2, 3, 1, 0].map((at) => ids[at])));
    await eventually(async () => expect(await text(app)).toContain('deadlines_met_ratio{priority="interactive"} 1'));
    await app.submit(completion(HOLD, { max_tokens: 1, deadline_ms: 1_500 }), as('light'));
    await eventually(async () => expect(await text(app)).toContain('deadlines_met_ratio{priority="interactive"} 0'));
  });

  it.each([
    ['its deadline puts it before them', { discipline: 'edf' }, 'light', 202],
    ['they are those of another tenant', { discipline: 'wfq', options: { quantum: 22 } }, 'heavy', 202],
    ['they are its own', { discipline: 'wfq', options: { quantum: 22 } }, 'light', 400],
    ['they came first', { discipline: 'priority-fifo' }, 'heavy', 400],
  ] as const)(
    'are admitted or refused by the place that they would have: many wait, and %s (ORCH-4405, ORCH-3079)',
    async (_why, scheduler, tenant, status) => {
      const { app } = await startHeld(scheduler);
      const long = completion('one two', { max_tokens: 20, expected_tokens: 20 });
      for (let count = 0; count < 30; count++) await app.submit(long, as('light'));
      const answer = await app.post({ ...long, deadline_ms: 20_000 }, as(tenant));
      expect(answer.status).toBe(status);
      if (status === 202) expect(answer.body['queue_position']).toBeLessThan(3);
    },
  );

  it('may be ordered so inside wfq, too (ORCH-4409)', async () => {
    const { app, release } = await startHeld({ discipline: 'edf', options: { inside: 'wfq' } });
    await app.submit({ ...small, deadline_ms: 90_000 }, as('light'));
    const urgent = await app.submit({ ...small, deadline_ms: 30_000 }, as('light'));
    expect(urgent.queue_position).toBe(0);
    await release();
    await eventually(() => expect(dispatched(app)).toHaveLength(2));
    const shown = await app.call<{ items: { id: string; kind: string }[] }>('/v1/plugins', { headers: as('light') });
    expect(shown.text).toContain('"edf"');
  });
});
