import { randomUUID } from 'node:crypto';
import { type MetricsFrame, type Session, type StreamFrame } from '@llama-orch/client';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const HEADERS = ['x-budget-tokens-remaining', 'x-budget-time-remaining-ms', 'x-budget-cost-remaining'];

/** One word, so one token of prompt for the mock engine. */
const turn = (session_id: string, more: object = {}, controls = '') =>
  completion(`${controls}hello`, { session_id, ...more });
const sessionOf = async (app: TestApp, id: string) => (await app.call<Session>(`/v1/sessions/${id}`)).body;

function metricsOf(frames: readonly StreamFrame[]): MetricsFrame[] {
  return frames.flatMap((frame) => (frame.event === 'metrics' ? [frame.data] : []));
}

async function finished(app: TestApp, body: unknown): Promise<StreamFrame[]> {
  return app.frames((await app.submit(body)).task_id);
}

describe('A session with a budget of tokens', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ budgets: { tokens: 40 }, stream: { metrics_ms: 10 } });
  });

  it('is told what remains in the 202, on the stream, in frames and when it is read (OC-CTRL-2068, OC-METRICS-7111)', async () => {
    const id = randomUUID();
    const answer = await app.post<{ task_id: string }>(turn(id));
    expect(HEADERS.map((name) => answer.headers.get(name))).toEqual(['40', null, null]);
    const reader = await app.follow(answer.body.task_id);
    expect(reader.headers).toHaveProperty('x-budget-tokens-remaining');
    const frames = await reader.rest();
    // One token of prompt and sixteen of answer, as the engine counted them.
    expect(await sessionOf(app, id)).toMatchObject({ tokens_budget_remaining: 40 - 17 });
    expect(metricsOf(frames).at(-1)).toHaveProperty('tokens_budget_remaining');
    expect((await app.follow(answer.body.task_id)).headers['x-budget-tokens-remaining']).toBe('23');
  });

  it('gives a repeated call what remains now (ORCH-4102, OC-CTRL-2068)', async () => {
    const body = { ...turn(randomUUID()), task_id: randomUUID() };
    await app.frames((await app.submit(body)).task_id);
    const again = await app.post(body);
    expect([again.headers.get('idempotency-replayed'), again.headers.get(HEADERS[0]!)]).toEqual(['true', '23']);
  });

  it('is refused before the queue when prompt and first token do not fit (ORCH-3099, OC-CORE-1023, ORCH-4401)', async () => {
    const id = randomUUID();
    for (let count = 0; count < 2; count++) await finished(app, turn(id));
    const answer = await app.post(completion('a long long prompt for six tokens', { session_id: id }));
    expectProblem(answer, 429, 'BUDGET_EXHAUSTED');
    expect(answer.body).toMatchObject({
      ...{ retriable: false, policy_label: 'reject', engine: 'mock', pool_id: 'mock' },
      limit: { name: 'budgets.tokens', value: 40, used: 34 },
    });
    expect(Number(answer.headers.get('x-backoff-ms'))).toBeGreaterThan(59_000);
    // What it can still pay for, it gets.
    expect((await app.post(turn(id))).status).toBe(202);
    expect(await app.metric('llama_orch_budget_denied_total')).toBe(1);
    expect(await sessionOf(app, id)).toMatchObject({ turns: 3 });
  });

  it('is braked within one batch when nothing is left, and its task completes (OC-CORE-1024, ORCH-4407, ORCH-4208)', async () => {
    const id = randomUUID();
    const more = { max_tokens: 1000 };
    const { task_id } = await app.submit(turn(id, more, '[[mock:tokens=1000]][[mock:token_ms=1]]'));
    const frames = await app.frames(task_id);
    // One token of prompt leaves 39 for the answer, which comes token by token.
    expect(terminalOf(frames)).toMatchObject({ event: 'end', data: { finish_reason: 'budget', tokens_out: 39 } });
    expect(await app.task(task_id)).toMatchObject({ state: 'completed', finish_reason: 'budget' });
    expect(await sessionOf(app, id)).toMatchObject({ tokens_budget_remaining: 0 });
    expect(await app.metric('llama_orch_budget_brakes_total')).toBeGreaterThan(0);
    await app.untilIdle();
  });

  it('holds a budget for each of its tasks, and what one of them leaves is there for the next (ORCH-4407)', async () => {
    const id = randomUUID();
    const { task_id } = await app.submit(turn(id, {}, '[[mock:stall@0]]'));
    expectProblem(await app.post(turn(id)), 429, 'BUDGET_EXHAUSTED');
    await app.cancel(task_id);
    expect(await sessionOf(app, id)).toMatchObject({ tokens_budget_remaining: 40, turns: 1 });
    expect((await app.post(turn(id))).status).toBe(202);
  });

  it('is that of one session; tasks outside sessions have none (ORCH-4407)', async () => {
    const answer = await app.post(completion('hello', { max_tokens: 500 }));
    expect([answer.status, answer.headers.get(HEADERS[0]!)]).toEqual([202, null]);
  });
});

it('stops within one engine batch of 8 tokens (ORCH-4407)', async () => {
  const app = await startTestApp({ budgets: { tokens: 40 }, pools: [mockPool({ batch_tokens: 8, token_ms: 2 })] });
  const frames = await finished(app, turn(randomUUID(), { max_tokens: 900 }, '[[mock:tokens=900]]'));
  const end = terminalOf(frames);
  expect(end).toMatchObject({ event: 'end', data: { finish_reason: 'budget', tokens_out: 40 } });
});

describe('Budgets of time and cost', () => {
  it('count decode time, and brake also while no token comes (ORCH-4407, OC-METRICS-7111)', async () => {
    // The three tokens come in one piece: none of them can be late.
    const app = await startTestApp({ budgets: { time_ms: 300 }, pools: [mockPool({ batch_tokens: 3 })] });
    const id = randomUUID();
    const frames = await finished(app, turn(id, {}, '[[mock:stall@3]]'));
    expect(terminalOf(frames)).toMatchObject({ event: 'end', data: { finish_reason: 'budget', tokens_out: 3 } });
    expect(await sessionOf(app, id)).toMatchObject({ time_budget_remaining_ms: 0 });
    expectProblem(await app.post(turn(id)), 429, 'BUDGET_EXHAUSTED');
  });

  it('are exact sums of prices, written without an exponent (OC-CTRL-2068)', async () => {
    const budgets = { cost: 0.0001, price_input: 0.000001, price_output: 0.000003 };
    const app = await startTestApp({ budgets });
    const id = randomUUID();
    await finished(app, turn(id));
    const left = 0.0001 - 0.000001 - 16 * 0.000003;
    expect((await sessionOf(app, id)).cost_budget_remaining).toBeCloseTo(left, 9);
    const answer = await app.post(turn(id));
    expect(answer.headers.get('x-budget-cost-remaining')).toBe('0.000051');
  });
});

describe('Advisory budgets', () => {
  it('neither refuse nor brake; what remains stops at 0 (ORCH-4407)', async () => {
    const app = await startTestApp({ budgets: { tokens: 10, mode: 'advisory' }, sessions: { max_turns: 9 } });
    const id = randomUUID();
    for (let count = 0; count < 2; count++) {
      const frames = await finished(app, turn(id));
      expect(terminalOf(frames)).toMatchObject({ event: 'end', data: { finish_reason: 'stop' } });
    }
    expect(await sessionOf(app, id)).toMatchObject({ tokens_budget_remaining: 0, turns: 2 });
  });
});

it('Without budgets nothing tells of them (OC-METRICS-7111)', async () => {
  const app = await startTestApp({ stream: { metrics_ms: 10 } });
  const id = randomUUID();
  const answer = await app.post<{ task_id: string }>(turn(id));
  expect(HEADERS.map((name) => answer.headers.get(name))).toEqual([null, null, null]);
  const frames = await app.frames(answer.body.task_id);
  expect(metricsOf(frames)[0]).not.toHaveProperty('tokens_budget_remaining');
  expect(await app.metric('llama_orch_budget_denied_total')).toBeUndefined();
});
