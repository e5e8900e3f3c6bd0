import { EngineError } from '@llama-orch/plugin-sdk';
import { settle } from '../../test/support/fake-clock.js';
import { SchedulerRig, eventsOf, framesOf } from '../../test/support/scheduler-rig.js';

const lost = () => new EngineError('reset', 'the socket closed');
const last = (frames: ReturnType<typeof framesOf>) => frames.at(-1)!;

describe('a task that runs', () => {
  it('is told as started, token, metrics, end, in this order and each id once (ORCH-4201, ORCH-4202, ORCH-3029)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    const run = rig.runOf(task);
    run.tokens('Hel', 'lo');
    await settle();
    expect(task.state).toBe('streaming');
    run.end('length');
    await settle();
    const frames = framesOf(task);
    expect(frames.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(eventsOf(task)).toEqual(['started', 'token', 'token', 'metrics', 'end']);
    expect(frames[0]!.data).toMatchObject({ queue_position: 0, predicted_start_ms: 0, replica_id: 'p-0', seed: 1 });
    expect(last(frames).data).toMatchObject({ tokens_out: 2, decode_ms: 0, finish_reason: 'length' });
    expect([task.state, rig.busy, task.log.sealed]).toEqual(['completed', 0, true]);
  });

  it('promises in its 202 what its started frame says (ORCH-3029, OC-CTRL-2050)', async () => {
    const rig = await SchedulerRig.ready();
    const first = rig.submit();
    const second = rig.submit();
    expect(second.promise).toMatchObject({ queuePosition: 0, backoffMs: 0 });
    expect(second.promise.predictedStartMs).toBeGreaterThan(0);
    expect(second.promise.predictedStartP90Ms).toBeGreaterThanOrEqual(second.promise.predictedStartMs);
    const { queuePosition, predictedStartMs } = second.promise;
    rig.runOf(first).end();
    await settle();
    expect(framesOf(second)[0]!.data).toMatchObject({
      queue_position: queuePosition,
      predicted_start_ms: predictedStartMs,
    });
  });

  it('fails with the code that the engine error becomes (OC-CTRL-2030)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    rig.runOf(task).fail(new EngineError('invalid-input', 'the prompt is too long'));
    await settle();
    expect(last(framesOf(task))).toMatchObject({
      event: 'error',
      data: { code: 'INVALID_PARAMS', message: 'the prompt is too long' },
    });
    expect([task.state, rig.busy, rig.pool.state]).toEqual(['failed', 0, 'ready']);
  });

  it('fails as a reset when the stream ends without saying so (ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready({ pool: { failover: { mode: 'off' } } });
    const task = rig.submit();
    rig.runOf(task).tokens('a');
    rig.runOf(task).close();
    await settle();
    expect(last(framesOf(task)).data).toMatchObject({ code: 'WORKER_RESET', retriable: true });
  });

  it('paces metrics frames: one second after the first token, then when a value changed (OC-METRICS-7110)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    const run = rig.runOf(task);
    run.tokens('a');
    await rig.clock.advance(950);
    expect(eventsOf(task)).toEqual(['started', 'token']);
    await rig.clock.advance(100);
    expect(eventsOf(task)).toEqual(['started', 'token', 'metrics']);
    // Nothing changes, so nothing is said.
    await rig.clock.advance(3000);
    expect(eventsOf(task)).toEqual(['started', 'token', 'metrics']);
    for (let tick = 0; tick < 20; tick++) {
      run.tokens('b');
      await rig.clock.advance(100);
    }
    expect(eventsOf(task).filter((event) => event === 'metrics').length).toBeLessThanOrEqual(4);
    expect(eventsOf(task).filter((event) => event === 'metrics').length).toBeGreaterThanOrEqual(3);
    run.end();
    await settle();
    expect(eventsOf(task).at(-1)).toBe('end');
  });

  it('counts a requeued task as started once (ORCH-3017)', async () => {
    const rig = await SchedulerRig.ready({ pool: { replicas: 2 } });
    const task = rig.submit();
    rig.runOf(task).fail(lost());
    await settle();
    rig.runOf(task).end();
    await settle();
    expect(task.state).toBe('completed');
    expect(await rig.series('tasks_started_total{')).toBe(1);
    expect(await rig.series('tasks_enqueued_total{')).toBe(1);
  });
});

describe('cancel', () => {
  it('ends a waiting task without a started frame, with zeros (ORCH-3026, ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready();
    rig.submit();
    const task = rig.submit();
    rig.scheduler.cancel(task, 'client');
    expect(framesOf(task)).toEqual([
      { id: 1, event: 'end', data: { tokens_out: 0, decode_ms: 0, finish_reason: 'cancelled' } },
    ]);
    expect([task.state, rig.waiting]).toEqual(['cancelled', 0]);
  });

  it('ends a running task in the same turn, and nothing but the end follows it (ORCH-3026, OC-CTRL-2012)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    const run = rig.runOf(task);
    run.tokens('a', 'b');
    await rig.clock.advance(10);
    run.tokens('too late');
    rig.scheduler.cancel(task, 'client');
    expect(run.signal.aborted).toBe(true);
    expect(eventsOf(task)).toEqual(['started', 'token', 'token', 'end']);
    expect(last(framesOf(task)).data).toMatchObject({ tokens_out: 2, decode_ms: 10, finish_reason: 'cancelled' });
    await settle();
    expect([eventsOf(task).length, rig.busy]).toEqual([4, 0]);
  });

  it('counts nothing that a rude engine brings afterwards (ORCH-3026)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    const run = rig.runOf(task);
    run.rude = true;
    run.tokens('a');
    await settle();
    rig.scheduler.cancel(task, 'client');
    run.tokens('b');
    await settle();
    expect([task.tokensOut, eventsOf(task), rig.busy]).toEqual([1, ['started', 'token', 'end'], 0]);
  });

  it('takes effect after the command that is being carried out, when a reader leaves in its midst (ORCH-3017)', async () => {
    const rig = await SchedulerRig.ready();
    const first = rig.submit();
    const task = rig.submit();
    const reader = { wake: () => rig.scheduler.cancel(task, 'disconnect') };
    task.log.attach(reader);
    rig.runOf(first).end();
    await settle();
    expect([task.state, eventsOf(task)]).toEqual(['cancelled', ['started', 'end']]);
    expect([rig.runOf(task).signal.aborted, rig.busy]).toEqual([true, 0]);
  });

  it('wins or loses against completion as a whole: the first end stands (OC-CTRL-2012, ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    rig.runOf(task).end();
    rig.scheduler.cancel(task, 'client');
    await settle();
    expect([task.state, eventsOf(task)]).toEqual(['cancelled', ['started', 'end']]);
    rig.scheduler.cancel(task, 'client');
    expect(eventsOf(task)).toEqual(['started', 'end']);
  });

  it('restarts the engine when it does not give the slot back in time (ORCH-3017)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    rig.runOf(task).stuck = true;
    rig.scheduler.cancel(task, 'client');
    await rig.clock.advance(4900);
    expect([rig.busy, rig.pool.state]).toEqual([1, 'ready']);
    await rig.clock.advance(200);
    expect([rig.busy, rig.pool.state]).toEqual([0, 'backoff']);
    expect(rig.pool.lastError?.message).toContain('5000 ms');
  });

  it('costs an engine nothing that has been started anew meanwhile (ORCH-3017)', async () => {
    const rig = await SchedulerRig.ready({ pool: { backoff: { initial_ms: 100, jitter: 0 } } });
    const task = rig.submit();
    const run = rig.runOf(task);
    rig.adapter.newest.onClose = () => new Promise(() => {});
    run.stuck = true;
    rig.scheduler.cancel(task, 'client');
    rig.pools.giveUp(rig.pool.replicas[0]!.id, 1, 'another reason');
    await rig.clock.advance(16_000);
    expect([rig.pool.state, rig.pool.replicas[0]!.epoch]).toEqual(['ready', 2]);
    run.free();
    await settle();
    expect(rig.busy).toBe(0);
  });
});

describe('an engine that is lost', () => {
  it('sends the task to another replica before its first token, unseen (ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready({ pool: { replicas: 2 } });
    const task = rig.submit();
    const first = task.replicaId;
    rig.runOf(task).fail(lost());
    await settle();
    expect([task.state, task.requeued, task.attempt]).toEqual(['dispatched', true, 2]);
    expect(task.replicaId).not.toBe(first);
    rig.runOf(task).tokens('a');
    await settle();
    rig.runOf(task).end();
    await settle();
    expect(eventsOf(task)).toEqual(['started', 'token', 'metrics', 'end']);
    expect(framesOf(task)[2]!.data).toMatchObject({ requeued: true });
  });

  it('ends the task when it happens again (ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready({ pool: { replicas: 2 } });
    const task = rig.submit();
    rig.runOf(task).fail(lost());
    await settle();
    rig.runOf(task).fail(lost());
    await settle();
    expect(last(framesOf(task)).data).toMatchObject({ code: 'REPLICA_EXHAUSTED' });
    expect([rig.busy, rig.waiting]).toEqual([0, 0]);
  });

  it('ends the task after its first token, and the replica works on when its probe is good (ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready({ pool: { failover: { mode: 'off' } } });
    const task = rig.submit();
    rig.runOf(task).tokens('a');
    await settle();
    rig.runOf(task).fail(lost());
    await settle();
    expect(last(framesOf(task)).data).toMatchObject({ code: 'WORKER_RESET' });
    const next = rig.submit();
    await settle();
    expect(next.state).toBe('dispatched');
  });

  it('ends waiting and requeued tasks when no replica will come back soon (ORCH-3018)', async () => {
    const rig = await SchedulerRig.ready({ pool: { breaker: { failures: 1 } } });
    const running = rig.submit();
    const waiting = rig.submit();
    rig.adapter.newest.die();
    await settle();
    for (const task of [running, waiting])
      expect(last(framesOf(task)).data).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect([rig.pool.state, rig.waiting, rig.busy]).toEqual(['failed', 0, 0]);
  });

  it('keeps waiting tasks while it is started anew (ORCH-3038)', async () => {
    const rig = await SchedulerRig.ready();
    const running = rig.submit();
    const waiting = rig.submit();
    rig.adapter.newest.die();
    await settle();
    expect([running.state, waiting.state, rig.pool.state]).toEqual(['queued', 'queued', 'backoff']);
    await rig.clock.advance(2000);
    expect([running.state, waiting.state]).toEqual(['dispatched', 'queued']);
  });
});

describe('limits of time', () => {
  it('ends a waiting task within 100 ms of its deadline (ORCH-4411, ORCH-3079)', async () => {
    const rig = await SchedulerRig.ready();
    rig.submit();
    const task = rig.submit({ deadlineMs: 500 });
    rig.clock.jumpWall(3_600_000);
    await rig.clock.advance(499);
    expect(task.state).toBe('queued');
    await rig.clock.advance(101);
    expect([task.state, rig.waiting]).toEqual(['expired', 0]);
    expect(last(framesOf(task)).data).toMatchObject({ code: 'DEADLINE_UNMET' });
  });

  it('stops a running task at its deadline, or lets it finish late, as configured (ORCH-3079)', async () => {
    for (const onDeadline of ['stop', 'finish'] as const) {
      const rig = await SchedulerRig.ready({ onDeadline });
      const task = rig.submit({ deadlineMs: 500 });
      const run = rig.runOf(task);
      run.tokens('a');
      await rig.clock.advance(600);
      expect([task.state, run.signal.aborted]).toEqual(
        onDeadline === 'stop' ? ['expired', true] : ['streaming', false],
      );
    }
  });

  it('lets a task be that keeps writing (ORCH-3016)', async () => {
    const rig = await SchedulerRig.ready({ pool: { timeouts: { idle_ms: 1000, first_token_ms: 1000 } } });
    const task = rig.submit();
    for (let count = 0; count < 12; count++) {
      await rig.clock.advance(900);
      rig.runOf(task).tokens('a');
    }
    await rig.clock.advance(900);
    expect(task.state).toBe('streaming');
  });

  it('ends a task at its deadline that was requeued after it (ORCH-4411)', async () => {
    const rig = await SchedulerRig.ready({ onDeadline: 'finish' });
    const task = rig.submit({ deadlineMs: 500 });
    await rig.clock.advance(600);
    expect(task.state).toBe('dispatched');
    rig.adapter.newest.die();
    await rig.clock.advance(100);
    expect(task.state).toBe('expired');
  });

  it.each([
    ['wall_ms', { wall_ms: 1000 }, 'a'],
    ['idle_ms', { idle_ms: 1000 }, 'a'],
    ['first_token_ms', { first_token_ms: 1000 }, ''],
  ])(
    'ends a task that breaks timeouts.%s, and frees its slot (ORCH-3016, OC-CORE-1022)',
    async (limit, timeouts, text) => {
      const rig = await SchedulerRig.ready({ pool: { timeouts } });
      const task = rig.submit();
      if (text !== '') rig.runOf(task).tokens(text);
      await rig.clock.advance(990);
      expect(task.ended).toBe(false);
      await rig.clock.advance(120);
      expect(last(framesOf(task)).data).toMatchObject({
        code: 'DECODE_TIMEOUT',
        message: expect.stringContaining(limit),
      });
      expect([task.state, rig.busy]).toEqual(['failed', 0]);
      expect(await rig.series('tasks_canceled_total{')).toBe(1);
    },
  );
});

describe('a full queue', () => {
  const pool = { queue: { capacity: 1 } };

  it('refuses the newcomer and records nothing of it (ORCH-3005, OC-CORE-1002)', async () => {
    const rig = await SchedulerRig.ready({ pool });
    rig.submit();
    rig.submit();
    const { code, members } = rig.refusal();
    expect([code, members]).toEqual([
      'ADMISSION_REJECT',
      { engine: 'fake', pool_id: 'p', retry_after_ms: expect.any(Number), policy_label: 'reject' },
    ]);
    expect([...rig.registry.newestFirst('default')]).toHaveLength(2);
    expect(rig.waiting).toBe(1);
  });

  it('evicts by policy, and tells the evicted when to come again (ORCH-4404, ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready({ pool: { queue: { capacity: 1, full_policy: 'drop-lru' } } });
    rig.submit();
    const victim = rig.submit({ priority: 'batch' });
    const newcomer = rig.submit();
    expect([victim.state, newcomer.state, rig.waiting]).toEqual(['evicted', 'queued', 1]);
    expect(framesOf(victim)).toEqual([
      {
        id: 1,
        event: 'error',
        data: expect.objectContaining({ code: 'QUEUE_FULL_DROP_LRU', retriable: true, policy_label: 'drop-lru' }),
      },
    ]);
    expect(victim.error?.members.retry_after_ms).toBeGreaterThan(0);
    expect(await rig.series('admission_backpressure_events_total{')).toBe(1);
    expect(await rig.series('tasks_enqueued_total{')).toBe(3);
  });

  it('asks for patience when the queue is more than half full (ORCH-4406)', async () => {
    const rig = await SchedulerRig.ready({ pool: { queue: { capacity: 4 } } });
    rig.submit();
    expect([rig.submit(), rig.submit()].map((task) => task.promise.backoffMs)).toEqual([0, 0]);
    expect(rig.submit().promise.backoffMs).toBeGreaterThan(0);
  });
});

describe('drain', () => {
  it('waits for what is there and leaves no timer of its own (ORCH-3031)', async () => {
    const rig = await SchedulerRig.ready();
    const before = rig.clock.pending;
    const task = rig.submit({ deadlineMs: 600_000 });
    let drained = false;
    const draining = rig.scheduler.drain(30_000).then(() => (drained = true));
    await rig.clock.advance(5000);
    expect(drained).toBe(false);
    rig.runOf(task).end();
    await draining;
    await rig.clock.advance(200);
    // The retention of the ended task keeps one timer.
    expect(rig.clock.pending).toBe(before + 1);
  });

  it('ends what is left when its time is over, so that nobody waits for ever (ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready();
    const tasks = [rig.submit(), rig.submit()];
    const draining = rig.scheduler.drain(1000);
    await rig.clock.advance(1000);
    await draining;
    for (const task of tasks)
      expect(last(framesOf(task)).data).toMatchObject({ code: 'POOL_UNAVAILABLE', retriable: true });
    expect(rig.busy).toBe(0);
  });

  it('has nothing to wait for when there is nothing', async () => {
    const rig = await SchedulerRig.ready();
    const before = rig.clock.pending;
    await rig.scheduler.drain(1000);
    expect(rig.clock.pending).toBe(before);
  });
});
