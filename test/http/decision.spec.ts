import { type AdmissionReceipt, type Decision, type DispatchReceipt } from '@llama-orch/client';
import { type Scope } from '../../src/config/index.js';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { newTaskId } from '../../src/kernel/ids.js';
import { eventually } from '../support/eventually.js';
import { completion, mockPool, startTestApp, type Answer, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const HOLD = '[[mock:stall@0]]';
const SECRET_PROMPT = 'the-launch-code-is-4711';

function decisionOf(app: TestApp, taskId: string, query = '', headers = {}): Promise<Answer<Decision>> {
  return app.call<Decision>(`/v1/tasks/${taskId}/decision${query}`, { headers });
}

/** A decision that has to be there and to be as the contract has it. */
async function readDecision(app: TestApp, taskId: string, query = ''): Promise<Decision> {
  const answer = await decisionOf(app, taskId, query);
  expect(answer.status).toBe(200);
  expectSchema('Decision', answer.body);
  return answer.body;
}

const kindsOf = ({ receipts }: Decision) => receipts.map(({ kind }) => kind);

describe('The decision of a task', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterEach(() => app.untilIdle());

  it('tells why it was admitted and where it ran, and replays (ORCH-4414)', async () => {
    const accepted = await app.submit(completion(SECRET_PROMPT));
    await app.frames(accepted.task_id);
    const decision = await readDecision(app, accepted.task_id);
    expect(decision).toMatchObject({ complete: true, replayed: true, differences: [], counterfactual: null });
    expect(kindsOf(decision)).toEqual(['admission', 'dispatch']);
    const [admission, dispatch] = decision.receipts as [AdmissionReceipt, DispatchReceipt];
    expect(admission).toMatchObject({
      plugins: { discipline: 'priority-fifo@0.1.0', placement: 'most-free-vram@0.1.0' },
      chosen: { pool_id: 'mock', room: 'free', queue_position: 0, predicted_start_ms: 0 },
    });
    expect(admission.inputs.room.starts_at_once).toBe(true);
    expect(dispatch).toMatchObject({ chosen: { replica_id: 'mock-0' }, candidates: [{ replica_id: 'mock-0' }] });
    expect(dispatch.why).toBe('Its free memory is unknown; no slot is busy.');
    expect(dispatch.inputs).toMatchObject({ affinity_max_load: 0.5, size: null });
    expect(dispatch.clock_ms).toBeGreaterThanOrEqual(admission.clock_ms);
    expect(JSON.stringify(decision)).not.toContain(SECRET_PROMPT);
  });

  it('shows no secret that stands in what it names (ORCH-4414, OC-CTRL-2041)', async () => {
    const key = 'lorch_laptop_abcdefghijklmnop_qrstuv';
    const named = await startTestApp({ pools: [mockPool({}, { labels: { team: key } })] });
    const accepted = await named.submit(completion());
    await named.frames(accepted.task_id);
    const { text } = await decisionOf(named, accepted.task_id);
    expect(text).toContain('"labels":{"team":"[redacted]"}');
    expect(text).not.toContain(key);
  });

  it.each([
    ['nothing', 'counterfactual='],
    ['a class that does not exist', 'counterfactual=priority=urgent'],
    ['a member that cannot be asked for', 'counterfactual=seed=1'],
    ['a deadline that is none', 'counterfactual=deadline_ms=0'],
    ['a member twice', 'counterfactual=priority=batch,priority=batch'],
    ['two values in one', 'counterfactual=priority=batch=interactive'],
    ['the parameter twice', 'counterfactual=priority=batch&counterfactual=priority=batch'],
  ])('refuses to guess at %s, with a pointer (ORCH-4414, OC-CTRL-2067)', async (_what, query) => {
    const { task_id } = await app.submit(completion('x'));
    await app.frames(task_id);
    const problem = expectProblem(await decisionOf(app, task_id, `?${query}`), 400, 'INVALID_PARAMS');
    expect(problem['errors']).toMatchObject([{ pointer: '/counterfactual' }]);
  });

  it('is not there for an unknown or malformed id (ORCH-4414)', async () => {
    for (const id of [newTaskId(1), 'nonsense']) {
      const problem = expectProblem(await decisionOf(app, id), 404, 'NOT_FOUND');
      expect(problem['message']).toContain('there is no such task');
    }
  });
});

describe('The decision at a full queue', () => {
  const queue = { capacity: 1, full_policy: 'shed-low-priority' };
  const startFull = () => startTestApp({ pools: [mockPool({}, { queue })] });

  it('tells what was evicted for it, to either side, and what another class would have met (ORCH-4414, ORCH-4404)', async () => {
    const app = await startFull();
    const holder = await app.submit(completion(HOLD));
    const batch = await app.submit(completion('x', { priority: 'batch' }));
    const newcomer = await app.submit(completion('x'));
    const evicted = await readDecision(app, batch.task_id);
    expect(kindsOf(evicted)).toEqual(['admission', 'eviction']);
    expect(evicted.receipts[1]).toMatchObject({
      inputs: { newcomer: newcomer.task_id, priority: 'interactive' },
      chosen: { task_id: batch.task_id, policy: 'shed-low-priority' },
    });
    const decision = await readDecision(app, newcomer.task_id, '?counterfactual=priority=batch');
    expect(decision.receipts[0]).toMatchObject({ chosen: { room: 'evict', victim: batch.task_id } });
    expect(decision.counterfactual).toMatchObject({
      asked: { priority: 'batch' },
      room: 'full',
      code: 'ADMISSION_REJECT',
      queue_position: null,
      replica_id: null,
    });
    expect([evicted.replayed, decision.replayed]).toEqual([true, true]);
    for (const { task_id } of [holder, newcomer]) await app.cancel(task_id);
  });

  it('tells of a refused task by the id that its caller gave it (ORCH-4414)', async () => {
    const app = await startFull();
    const holder = await app.submit(completion(HOLD));
    const waiting = await app.submit(completion('x'));
    const task_id = newTaskId(Date.now());
    expectProblem(await app.post(completion('x', { task_id })), 429, 'ADMISSION_REJECT');
    const decision = await readDecision(app, task_id);
    expect(decision.receipts).toMatchObject([
      { kind: 'admission', why: 'All 1 places are taken; by shed-low-priority nobody has to give way.' },
    ]);
    for (const one of [holder, waiting]) await app.cancel(one.task_id);
  });
});

describe('The decision at an overloaded queue', () => {
  it('tells whoever was given up why, by the rules that were set (ORCH-4414, ORCH-3080-v31)', async () => {
    const pool = mockPool({}, { perf: { prefill_tps: 1e6, decode_tps: 1_000 }, queue: { capacity: 4 } });
    const scheduler = { discipline: 'edf', overload_share: 0.25, overload_ms: 0 };
    const app = await startTestApp({ pools: [pool], scheduler });
    const holder = await app.submit(completion(HOLD, { max_tokens: 8_000 }));
    const hopeless = await app.submit(completion('x', { max_tokens: 8_000, deadline_ms: 24_000 }));
    const newcomer = await app.submit(completion('x', { max_tokens: 8_000 }));
    const decision = await readDecision(app, hopeless.task_id);
    expect(decision).toMatchObject({
      replayed: true,
      receipts: [{ kind: 'admission' }, { kind: 'eviction', chosen: { policy: 'drop-lru' } }],
    });
    expect(decision.receipts[1]).toMatchObject({ inputs: { overload: { share: 0.25, least_ms: 0, capacity: 4 } } });
    for (const { task_id } of [holder, newcomer]) await app.cancel(task_id);
  });
});

describe('A what-if with a deadline', () => {
  it('is answered by the estimate that stood at the admission (ORCH-4414, ORCH-4405)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { perf: { prefill_tps: 1e6, decode_tps: 1_000 } })] });
    const { task_id } = await app.submit(completion('x', { max_tokens: 1_000 }));
    await app.frames(task_id);
    const late = await readDecision(app, task_id, '?counterfactual=deadline_ms=100');
    expect(late.counterfactual).toMatchObject({ meets_deadline: false, code: 'DEADLINE_UNMET', replica_id: null });
    const both = await readDecision(app, task_id, '?counterfactual=priority=batch,deadline_ms=80000000');
    expect(both.counterfactual).toMatchObject({ meets_deadline: true, room: 'free', replica_id: 'mock-0' });
  });
});

describe('Receipts that are gone', () => {
  it('are told apart from tasks that never were: forgotten (ORCH-4414)', async () => {
    const app = await startTestApp({ scheduler: { receipts_kept: 2 } });
    const [first, second] = [await app.submit(completion('x')), await app.submit(completion('x'))];
    await Promise.all([app.frames(first.task_id), app.frames(second.task_id)]);
    const problem = expectProblem(await decisionOf(app, first.task_id), 404, 'NOT_FOUND');
    expect(problem['message']).toContain('the task is known, its receipts are forgotten: the newest 2 are kept');
  });

  it('or never kept (ORCH-4414)', async () => {
    const app = await startTestApp({ scheduler: { receipts_kept: 0 } });
    const { task_id } = await app.submit(completion('x'));
    await app.frames(task_id);
    const problem = expectProblem(await decisionOf(app, task_id), 404, 'NOT_FOUND');
    expect(problem['message']).toContain('no receipts are kept here');
  });
});

describe('The choice between pools', () => {
  it('stands in the receipt with what each of them offered (ORCH-4414, ORCH-4401)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { id: 'a' }), mockPool({}, { id: 'b' })] });
    const holder = await app.submit(completion(HOLD));
    const { task_id } = await app.submit(completion('x'));
    await app.frames(task_id);
    const [admission] = (await readDecision(app, task_id)).receipts as [AdmissionReceipt];
    expect(admission.candidates).toMatchObject([
      { pool_id: 'a', starts_at_once: false },
      { pool_id: 'b', starts_at_once: true },
    ]);
    expect(admission.scores.map(({ pool_id }) => pool_id)).toEqual(['b', 'a']);
    expect(admission.chosen.pool_id).toBe('b');
    await app.cancel(holder.task_id);
  });
});

describe('Decisions behind keys', () => {
  const KEYS = { anna: newKey('anna'), ben: newKey('ben'), carl: newKey('carl') };
  const record = (id: keyof typeof KEYS, tenant: string, scopes: readonly Scope[]) => ({
    id,
    hash: hashKey(KEYS[id]),
    tenant,
    scopes,
  });
  const as = (id: keyof typeof KEYS) => ({ authorization: `Bearer ${KEYS[id]}` });

  it('need the scope observe and stay in their tenant, and name no task of another one (ORCH-4414, OC-CTRL-2040)', async () => {
    const keys = [
      record('anna', 'acme', ['infer', 'observe']),
      record('ben', 'bright', ['infer', 'observe']),
      record('carl', 'acme', ['infer']),
    ];
    const pool = mockPool({}, { queue: { capacity: 1, full_policy: 'shed-low-priority' } });
    const app = await startTestApp({ auth: { keys }, pools: [pool] });
    const ready = async () => (await app.post(completion(HOLD), as('anna'))).status === 202;
    await eventuallyTrue(ready);
    const batch = await app.submit(completion('x', { priority: 'batch' }), as('anna'));
    const newcomer = await app.submit(completion('x'), as('ben'));
    const own = await decisionOf(app, batch.task_id, '', as('anna'));
    expect(own.body.receipts[1]).toMatchObject({ kind: 'eviction', inputs: { newcomer: 'another-1' } });
    expect(own.text).not.toContain(newcomer.task_id);
    const other = await decisionOf(app, newcomer.task_id, '', as('ben'));
    expect(other.body).toMatchObject({ replayed: true, receipts: [{ chosen: { victim: 'another-1' } }] });
    expect(other.text).not.toContain(batch.task_id);
    expectProblem(await decisionOf(app, batch.task_id, '', as('ben')), 404, 'NOT_FOUND');
    expectProblem(await decisionOf(app, batch.task_id, '', as('carl')), 403, 'FORBIDDEN');
  });
});

async function eventuallyTrue(check: () => Promise<boolean>): Promise<void> {
  await eventually(async () => expect(await check()).toBe(true));
}
