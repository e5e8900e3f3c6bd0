import { EngineError, type TokenEvent } from '@llama-orch/plugin-sdk';
import { settle } from '../../../test/support/fake-clock.js';
import { DESCRIPTION, type FakeRun } from '../../../test/support/fake-engine.js';
import { type RigOptions, SchedulerRig, eventsOf, framesOf } from '../../../test/support/scheduler-rig.js';
import { type Task, type TaskRequest } from '../../tasks/task.js';
import { replay } from '../receipts/replay.js';

const TWO = { replicas: 2 };

/** The decode of a task that goes on now. */
function liveRun(rig: SchedulerRig, task: Task): FakeRun {
  const run = rig.adapter.liveRuns.find(({ request }) => request.taskId === task.request.id);
  if (run === undefined) throw new Error(`no engine works on the task, which is ${task.state}`);
  return run;
}

async function streaming(
  options: RigOptions = { pool: TWO },
  facts: Partial<TaskRequest> = {},
): Promise<{ rig: SchedulerRig; task: Task }> {
  const rig = await SchedulerRig.ready(options);
  const task = rig.submit(facts);
  await settle();
  liveRun(rig, task).tokens('one ', 'two ');
  await settle();
  return { rig, task };
}

/** The engine under a task dies. */
async function kill(rig: SchedulerRig, task: Task): Promise<void> {
  const run = liveRun(rig, task);
  rig.adapter.connections.find(({ runs }) => runs.includes(run))!.die();
  await settle();
}

const textOf = (task: Task): string =>
  framesOf(task)
    .filter(({ event }) => event === 'token')
    .map(({ data }) => data['t'])
    .join('');

const last = (task: Task) => framesOf(task).at(-1)!;

describe('an answer whose engine is lost after its first token', () => {
  it('goes on on another replica behind the last token that the reader has (ORCH-4211, ORCH-4201, OC-CORE-1030)', async () => {
    const { rig, task } = await streaming();
    const first = task.replicaId;
    await kill(rig, task);
    expect([task.state, task.replicaId === first]).toEqual(['streaming', false]);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    liveRun(rig, task).end();
    await settle();
    expect([task.state, textOf(task), task.tokensOut]).toEqual(['completed', 'one two three', 3]);
    expect(eventsOf(task)).toEqual(['started', 'token', 'token', 'metrics', 'token', 'end']);
    expect(framesOf(task).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
    const tokens = framesOf(task).filter(({ event }) => event === 'token');
    expect(tokens.map(({ data }) => data['i'])).toEqual([0, 1, 2]);
    expect(framesOf(task)[3]!.data).toMatchObject({ failover: true, replica_id: task.replicaId, tokens_out: 2 });
    expect(framesOf(task)[3]!.data).not.toHaveProperty('streaming');
    expect(await rig.series('llama_orch_failovers_total{pool_id="p",result="continued"}')).toBe(1);
  });

  it.each<readonly [string, readonly TokenEvent[]]>([
    ['one token', [{ type: 'token', text: 'one two three', tokens: 3 }]],
    ['pieces of tokens', [...'one two three'].map((text) => ({ type: 'token', text, tokens: text === ' ' ? 1 : 0 }))],
  ])('does so too where the other replica cuts its text into %s (ORCH-4211)', async (_what, tokens) => {
    const { rig, task } = await streaming();
    await kill(rig, task);
    liveRun(rig, task).push(tokens);
    liveRun(rig, task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one two three']);
    const frames = framesOf(task).filter(({ event }) => event === 'token');
    expect(frames.map(({ data }) => data['i'])).toEqual(frames.map((_, at) => at));
  });

  it('tells reasoning from answer when it compares (ORCH-4211)', async () => {
    const rig = await SchedulerRig.ready({ pool: TWO });
    const task = rig.submit();
    await settle();
    const thought: TokenEvent = { type: 'token', text: 'hm ', reasoning: true };
    liveRun(rig, task).push([thought, { type: 'token', text: 'yes' }]);
    await settle();
    await kill(rig, task);
    liveRun(rig, task).push([thought, { type: 'token', text: 'yes' }, { type: 'token', text: '!' }]);
    await settle();
    expect(textOf(task)).toBe('hm yes!');
    await kill(rig, task);
    await rig.clock.advance(2000);
    liveRun(rig, task).push([{ type: 'token', text: 'hm yes!' }]);
    await settle();
    expect(last(task)).toMatchObject({ event: 'error', data: { code: 'WORKER_RESET' } });
  });

  it('is compared with all that was said, also with what its log holds no more (ORCH-4211)', async () => {
    const rig = await SchedulerRig.ready({ pool: TWO, keepBytes: 600 });
    const task = rig.submit();
    await settle();
    const words = Array.from({ length: 60 }, (_, at) => `word${at} `);
    for (const word of words) liveRun(rig, task).tokens(word);
    await settle();
    expect(task.log.holds(0)).toBe(false);
    await kill(rig, task);
    liveRun(rig, task).tokens(...words, 'end');
    liveRun(rig, task).end();
    await settle();
    expect([task.state, task.log.text()]).toEqual(['completed', `${words.join('')}end`]);
  });

  it.each([
    ['says something else', (run: FakeRun) => run.tokens('one ', 'too ')],
    ['says something else within a token', (run: FakeRun) => run.tokens('one two. And')],
    ['ends before', (run: FakeRun) => (run.tokens('one '), run.end())],
  ])(
    'ends with a typed error rather than a splice when the other replica %s (ORCH-4211, ORCH-4505)',
    async (_what, answer) => {
      const { rig, task } = await streaming();
      await kill(rig, task);
      const run = liveRun(rig, task);
      answer(run);
      await settle();
      expect([task.state, textOf(task)]).toEqual(['failed', 'one two ']);
      expect(last(task)).toMatchObject({
        event: 'error',
        data: { code: 'WORKER_RESET', retriable: true, message: expect.stringContaining('did not repeat') },
      });
      expect([run.signal.aborted, rig.busy]).toEqual([true, 0]);
      expect(await rig.series('llama_orch_failovers_total{pool_id="p",result="diverged"}')).toBe(1);
    },
  );

  it('is a valid document, and the same, wherever in it the engine was lost (ORCH-4211)', async () => {
    const document = ['{', '"frog"', ':', ' [', '1', ', ', '{"a":', ' "é', '😀"', '}', ']', '}'];
    for (let cut = 1; cut <= document.length; cut++) {
      const rig = await SchedulerRig.ready({ pool: TWO });
      const task = rig.submit();
      await settle();
      liveRun(rig, task).tokens(...document.slice(0, cut));
      await settle();
      await kill(rig, task);
      liveRun(rig, task).tokens(...document);
      liveRun(rig, task).end();
      await settle();
      expect([task.state, task.failovers, textOf(task)]).toEqual(['completed', 1, document.join('')]);
      expect(JSON.parse(textOf(task))).toEqual({ frog: [1, { a: 'é😀' }] });
    }
  });

  it('waits for its own replica to come back where there is no other (ORCH-4211)', async () => {
    const { rig, task } = await streaming({});
    await kill(rig, task);
    expect([task.state, rig.waiting]).toEqual(['streaming', 1]);
    await rig.clock.advance(5000);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    liveRun(rig, task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one two three']);
  });

  it('waits no longer than the pool allows (ORCH-4211)', async () => {
    const failover = { wait_ms: 400 };
    const { rig, task } = await streaming({ pool: { failover } });
    await kill(rig, task);
    await rig.clock.advance(399);
    expect(task.state).toBe('streaming');
    await rig.clock.advance(1);
    expect(last(task)).toMatchObject({
      event: 'error',
      data: { code: 'WORKER_RESET', retriable: true, message: expect.stringContaining('within 400 ms') },
    });
    expect([rig.busy, rig.waiting]).toEqual([0, 0]);
    expect(await rig.series('llama_orch_failovers_total{pool_id="p",result="failed"}')).toBe(1);
  });

  it('ends when its engines are lost more often than the pool allows (ORCH-4211)', async () => {
    const { rig, task } = await streaming({ pool: { replicas: 3, failover: { max: 1 } } });
    await kill(rig, task);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    await settle();
    await kill(rig, task);
    expect([textOf(task), last(task).data['code'], rig.busy, rig.waiting]).toEqual([
      'one two three',
      'WORKER_RESET',
      0,
      0,
    ]);
  });

  it('goes on a second time, also when the loss came before the reader had all again (ORCH-4211)', async () => {
    const { rig, task } = await streaming({ pool: { replicas: 3 } });
    await kill(rig, task);
    liveRun(rig, task).tokens('one ');
    await settle();
    await kill(rig, task);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    liveRun(rig, task).end();
    await settle();
    expect([task.state, textOf(task), task.failovers, task.requeued]).toEqual(['completed', 'one two three', 2, false]);
    expect(task.attempt).toBe(3);
  });

  it('is not sent to a third engine when the second is lost at the very same token (ORCH-4211)', async () => {
    const { rig, task } = await streaming({ pool: { replicas: 3 } });
    await kill(rig, task);
    liveRun(rig, task).tokens('one ', 'two ');
    await settle();
    await kill(rig, task);
    expect([task.state, task.failovers, last(task).data['code']]).toEqual(['failed', 1, 'WORKER_RESET']);
  });

  it.each<readonly [string, RigOptions, Partial<TaskRequest>]>([
    ['the pool has it off', { pool: { ...TWO, failover: { mode: 'off' } } }, {}],
    ['the pool is best_effort', { pool: { ...TWO, determinism: 'best_effort' } }, {}],
    ['the task is best_effort', { pool: TWO }, { determinism: 'best_effort' }],
  ])('ends with WORKER_RESET at once where %s (ORCH-4211, ORCH-3045)', async (_what, options, facts) => {
    const { rig, task } = await streaming(options, facts);
    await kill(rig, task);
    expect(last(task)).toMatchObject({ event: 'error', data: { code: 'WORKER_RESET' } });
    expect(eventsOf(task)).toEqual(['started', 'token', 'token', 'error']);
    expect(await rig.series('llama_orch_failovers_total')).toBe(0);
  });

  it('does not go on on another engine or model (ORCH-3047, ORCH-4211)', async () => {
    const rig = await SchedulerRig.ready({});
    const task = rig.submit();
    await settle();
    liveRun(rig, task).tokens('one ');
    await settle();
    rig.adapter.onConnect = (connection) => void (connection.description = { ...DESCRIPTION, engineVersion: 'fake-2' });
    await kill(rig, task);
    await rig.clock.advance(5000);
    expect([rig.pool.ready, textOf(task)]).toEqual([true, 'one ']);
    expect(last(task)).toMatchObject({ event: 'error', data: { code: 'WORKER_RESET' } });
    expect(rig.busy).toBe(0);
  });

  it('can be cancelled while it waits and while it is repeated (ORCH-4201, ORCH-4505)', async () => {
    const waiting = await streaming({});
    await kill(waiting.rig, waiting.task);
    waiting.rig.scheduler.cancel(waiting.task, 'client');
    expect([waiting.task.state, last(waiting.task).event, waiting.rig.waiting]).toEqual(['cancelled', 'end', 0]);
    const { rig, task } = await streaming();
    await kill(rig, task);
    const run = liveRun(rig, task);
    run.tokens('one ');
    await settle();
    rig.scheduler.cancel(task, 'client');
    expect(last(task)).toMatchObject({ event: 'end', data: { finish_reason: 'cancelled', tokens_out: 2 } });
    await settle();
    expect([run.signal.aborted, rig.busy]).toEqual([true, 0]);
    expect(await rig.series('llama_orch_failovers_total{pool_id="p",result="abandoned"}')).toBe(1);
  });

  it('ends by its deadline while it waits (ORCH-4201)', async () => {
    const backoff = { initial_ms: 10_000, max_ms: 10_000, jitter: 0 };
    const { rig, task } = await streaming({ pool: { backoff } }, { deadlineMs: 5000 });
    await kill(rig, task);
    await rig.clock.advance(5000);
    expect(last(task).data).toMatchObject({ code: 'DEADLINE_UNMET' });
  });

  it('has its wall time over all its runs together (ORCH-4201)', async () => {
    const { rig, task } = await streaming({ pool: { ...TWO, timeouts: { wall_ms: 1000, idle_ms: 1000 } } });
    await rig.clock.advance(700);
    await kill(rig, task);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    await rig.clock.advance(450);
    expect(last(task).data).toMatchObject({ code: 'DECODE_TIMEOUT', message: expect.stringContaining('wall_ms') });
  });

  it('ends with the pool when no replica will come back soon (ORCH-3018)', async () => {
    const { rig, task } = await streaming({ pool: { breaker: { failures: 1 } } });
    await kill(rig, task);
    await rig.clock.advance(100);
    expect(last(task).data).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect([rig.busy, rig.waiting]).toEqual([0, 0]);
  });

  it('is charged neither for the wait nor for what it repeats (ORCH-4407)', async () => {
    const { rig, task } = await streaming({});
    await kill(rig, task);
    await rig.clock.advance(5000);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    await settle();
    await rig.clock.advance(70);
    liveRun(rig, task).end();
    await settle();
    expect(last(task)).toMatchObject({ event: 'end', data: { decode_ms: 70, tokens_out: 3 } });
  });

  it('ends well when all its tokens were there before (ORCH-4211)', async () => {
    const { rig, task } = await streaming();
    await kill(rig, task);
    liveRun(rig, task).tokens('one ', 'two ');
    liveRun(rig, task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one two ']);
    expect(eventsOf(task)).toEqual(['started', 'token', 'token', 'metrics', 'end']);
    expect(await rig.series('llama_orch_failovers_total{pool_id="p",result="continued"}')).toBe(1);
  });

  it('goes before those that wait (ORCH-4211, OC-CORE-1004)', async () => {
    const { rig, task } = await streaming({});
    const waiting = rig.submit();
    await kill(rig, task);
    await rig.clock.advance(5000);
    expect([liveRun(rig, task).live, waiting.state]).toEqual([true, 'queued']);
  });

  it('leaves a receipt that tells of it and comes out the same again (ORCH-4414)', async () => {
    const { rig, task } = await streaming();
    await kill(rig, task);
    const receipts = rig.receipts.of(task.key);
    expect(receipts.map(({ kind }) => kind)).toEqual(['admission', 'dispatch', 'requeue', 'dispatch']);
    expect(receipts[2]).toMatchObject({
      inputs: { code: 'WORKER_RESET', failover: { attempt: 1, most: 2 } },
      why: 'The engine was lost after the first token (WORKER_RESET); the next run repeats what its reader has, and goes on behind it (1 of at most 2).',
    });
    const { strategy } = rig.scheduler.outlook(rig.pool.id).pool;
    for (const receipt of receipts) expect(replay(JSON.parse(JSON.stringify(receipt)), strategy)).toEqual([]);
  });

  it('is told in the log, without a word of the answer (ORCH-3027)', async () => {
    const { rig, task } = await streaming();
    await kill(rig, task);
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    await settle();
    const lines = rig.logger.of('failover');
    expect(lines.map(({ message }) => message)).toEqual(['engine lost, another run is to go on', 'answer continued']);
    expect(lines[0]!.fields).toMatchObject({
      job_id: task.request.id,
      reason: 'WORKER_RESET',
      tokens_out: 2,
      failovers: 1,
    });
    expect(JSON.stringify(lines)).not.toContain('two');
  });

  it('leaves other tasks of the engine their fail-over too, and its slot to nobody twice (ORCH-4505)', async () => {
    const { rig, task } = await streaming({ pool: { replicas: 2, slots: 2 } });
    const others = [rig.submit(), rig.submit(), rig.submit()];
    await settle();
    for (const other of others) liveRun(rig, other).tokens('x');
    await settle();
    const mates = [task, ...others].filter(({ replicaId }) => replicaId === task.replicaId);
    await kill(rig, task);
    expect(mates.map(({ state }) => state)).toEqual(['streaming', 'streaming']);
    await rig.clock.advance(3000);
    for (const mate of mates) liveRun(rig, mate).tokens(...(mate === task ? ['one ', 'two '] : ['x']));
    for (const one of [task, ...others]) liveRun(rig, one).end();
    await settle();
    expect([task, ...others].map(({ state }) => state)).toEqual(Array(4).fill('completed'));
    expect(rig.busy).toBe(0);
  });
});

describe('a waiting task whose reader has something', () => {
  it.each(['drop-lru', 'shed-low-priority'])(
    'gives way to nobody, with %s (ORCH-4106, ORCH-3024)',
    async (full_policy) => {
      const { rig, task } = await streaming({ pool: { queue: { capacity: 1, full_policy } } }, { priority: 'batch' });
      await kill(rig, task);
      expect(rig.refusal().code).toBe(full_policy === 'drop-lru' ? 'QUEUE_FULL_DROP_LRU' : 'ADMISSION_REJECT');
      expect([task.state, rig.waiting]).toEqual(['streaming', 1]);
    },
  );
});

describe('a lost engine', () => {
  it('of an adapter that says so without a cause is the same (ORCH-4211)', async () => {
    const { rig, task } = await streaming();
    liveRun(rig, task).fail(new EngineError('unavailable', 'connection refused'));
    await settle();
    liveRun(rig, task).tokens('one ', 'two ', 'three');
    liveRun(rig, task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one two three']);
  });
});
