import { settle } from '../../../test/support/fake-clock.js';
import { Restart, acceptInSession, again, textOf } from '../../../test/support/restart.js';
import { type RigOptions, type SchedulerRig, framesOf } from '../../../test/support/scheduler-rig.js';
import { type Task, type TaskRequest } from '../../tasks/task.js';

/** A task that only waited, and the daemon after the crash. */
async function waitedBefore(
  facts: Partial<TaskRequest>,
  after: RigOptions,
  before: RigOptions = {},
): Promise<{ readonly task: Task; readonly rig: SchedulerRig }> {
  const restart = new Restart();
  const first = await restart.start(before);
  await first.accept();
  const waiting = await first.accept(facts);
  const rig = await restart.start(after);
  return { task: again(rig, waiting), rig };
}

/** An answer of which `a` was stored, and the daemon after the crash. */
async function begunBefore(after: RigOptions, before = after, facts: Partial<TaskRequest> = {}) {
  const restart = new Restart();
  const first = await restart.start(before);
  const task = await first.accept(facts);
  first.runOf(task).tokens('a');
  await restart.clock.advance(50);
  const rig = await restart.start(after);
  return { restart, rig, task: again(rig, task) };
}

describe('a task of before a crash whose pool serves something else now', () => {
  it.each<readonly [string, Partial<TaskRequest>, RigOptions]>([
    ['another model', {}, { pool: { model: 'other' } }],
    ['without its labels', { poolLabels: { region: 'eu' } }, { pool: { labels: { region: 'us' } } }],
    ['less exactly', { determinism: 'strict' }, { pool: { determinism: 'best_effort' } }],
    ['in too small a context', { maxTokens: 100 }, { pool: { ctx: 64 } }],
    ['with another sampler profile', { samplerProfileVersion: 'v0' }, {}],
    ['a model that was retired', {}, { retired: true }],
    ['in a smaller context than its engine offered', { maxTokens: 100 }, { engine: { contextTokens: 64 } }],
    ['less exactly than its engine did', { determinism: 'strict' }, { engine: { determinism: 'best_effort' } }],
    ['no such workload any more', { workload: 'embedding', inputs: ['x'] }, { engine: { workloads: ['completion'] } }],
    ['a model of another digest', { modelRef: `sha256:${'a'.repeat(64)}` }, { engine: { modelDigest: 'sha256:b' } }],
  ])('%s: it ends, and goes to no engine (ORCH-4210)', async (_, facts, after) => {
    const { task, rig } = await waitedBefore(facts, after);
    await task.log.ended();
    expect([task.state, task.error?.code, task.error?.message]).toEqual([
      'failed',
      'POOL_UNAVAILABLE',
      'pool p no longer serves what the task was accepted for, and no other pool does; send the task again',
    ]);
    expect(rig.adapter.runOf(task.request.id)).toBeUndefined();
  });

  it('the same under other conditions: it waits, and is answered (ORCH-4210)', async () => {
    const modelDigest = `sha256:${'a'.repeat(64)}`;
    const facts = { modelRef: modelDigest, determinism: 'strict', poolLabels: { region: 'eu' } } as const;
    const pool = { labels: { region: 'eu', rack: '7' }, ctx: 2_048 };
    const { task, rig } = await waitedBefore(facts, { pool, engine: { modelDigest } });
    expect(task.state).toBe('queued');
    rig.adapter.liveRuns[0]!.end();
    await settle();
    rig.runOf(task).end();
    await task.log.ended();
    expect(task.state).toBe('completed');
  });

  it('is taken by another pool that serves it (ORCH-4210)', async () => {
    const { task, rig } = await waitedBefore({}, { pool: { id: 'q' } });
    expect([task.poolId, task.modelId]).toEqual(['q', 'm']);
    rig.adapter.liveRuns[0]!.end();
    await settle();
    rig.runOf(task).tokens('a');
    rig.runOf(task).end();
    await task.log.ended();
    expect([textOf(task), framesOf(task)[0]?.data['pool_id']]).toEqual(['a', 'q']);
  });

  it('and its answer goes on in another pool that answers alike (ORCH-4210)', async () => {
    const { task, rig } = await begunBefore({ pool: { id: 'q' } }, {});
    rig.runOf(task).tokens('a', 'b');
    rig.runOf(task).end();
    await task.log.ended();
    expect([textOf(task), task.state, task.poolId]).toEqual(['ab', 'completed', 'q']);
  });

  it('and nobody can have it: it is counted, and its session has nothing reserved for it (ORCH-4210, ORCH-4407)', async () => {
    const restart = new Restart({ budgets: { tokens: 100 } });
    const before = await restart.start();
    const task = await acceptInSession(before);
    before.runOf(task).tokens('a', 'b');
    await restart.clock.advance(50);
    const rig = await restart.start({ pool: { id: 'q', model: 'other' } });
    const ended = again(rig, task);
    await ended.log.ended();
    expect(ended.error?.message).toBe('pool p is no longer configured; send the task again');
    expect(await rig.series('llama_orch_stream_terminal_total')).toBe(1);
    const [record] = restart.disk.sessions.records.values();
    expect(record).toMatchObject({ used: { tokens: 5 }, charges: [], openTasks: 0, turns: 1 });
  });
});

describe('an answer that had begun before a crash', () => {
  it('does not go on where the engine said that it may answer otherwise, whatever the pool asks for (ORCH-4210)', async () => {
    const { task } = await begunBefore({ engine: { determinism: 'best_effort' } });
    await task.log.ended();
    expect([textOf(task), task.error?.code]).toEqual(['a', 'WORKER_RESET']);
  });

  it('ends where another engine took over, which may answer otherwise (ORCH-4210)', async () => {
    const { task } = await begunBefore({ engine: { engineVersion: 'fake-2' } }, {});
    await task.log.ended();
    expect([textOf(task), task.error?.code]).toEqual(['a', 'WORKER_RESET']);
  });
});

describe('lives of a task', () => {
  it('are those in which an engine had it: waiting through restarts costs none (ORCH-4210)', async () => {
    const restart = new Restart();
    let rig = await restart.start();
    const task = await rig.accept();
    await restart.clock.advance(50);
    for (let life = 0; life < 6; life++) rig = await restart.start({ engine: 'never' });
    expect(again(rig, task).state).toBe('queued');
    rig = await restart.start();
    rig.runOf(again(rig, task)).end();
    await again(rig, task).log.ended();
    expect(again(rig, task).state).toBe('completed');
  });

  it('of an answer that had begun are its failovers, and waiting costs none of them (ORCH-4210)', async () => {
    const { restart, task } = await begunBefore({ engine: 'never' }, {});
    let rig = await restart.start({ engine: 'never' });
    for (let life = 0; life < 4; life++) rig = await restart.start({ engine: 'never' });
    expect(again(rig, task).failovers).toBe(0);
    rig = await restart.start();
    rig.runOf(again(rig, task)).tokens('a', 'b');
    rig.runOf(again(rig, task)).end();
    await again(rig, task).log.ended();
    expect([textOf(again(rig, task)), again(rig, task).failovers]).toEqual(['ab', 1]);
  });

  it('that were too short to be written down are counted all the same (ORCH-4210)', async () => {
    const restart = new Restart();
    let rig = await restart.start();
    const task = await rig.accept();
    await restart.clock.advance(50);
    const { disk } = restart;
    const noteProgress = disk.noteProgress.bind(disk);
    let restarts = 0;
    while (!again(rig, task).ended && restarts < 20) {
      // What is known at the start is written, and nothing after it.
      let notes = 0;
      disk.noteProgress = async (tasks) => (notes++ === 0 ? noteProgress(tasks) : undefined);
      rig = await restart.start();
      restarts++;
    }
    await again(rig, task).log.ended();
    expect([restarts, again(rig, task).error?.code]).toEqual([11, 'WORKER_RESET']);
  });
});

describe('a task that ends with its reader', () => {
  it('is cancelled when no reader has come back half a minute after a crash (ORCH-4207, ORCH-4210)', async () => {
    const { restart, rig, task } = await begunBefore({}, {}, { onDisconnect: 'cancel' });
    await restart.clock.advance(29_000);
    expect([task.state, rig.adapter.liveRuns.length]).toEqual(['streaming', 1]);
    await restart.clock.advance(2_000);
    expect([task.state, rig.adapter.liveRuns.length]).toEqual(['cancelled', 0]);
  });

  it('goes on for a reader who came back (ORCH-4207, ORCH-4210)', async () => {
    const { restart, task } = await begunBefore({}, {}, { onDisconnect: 'cancel' });
    task.log.attach({ wake: () => {} });
    await restart.clock.advance(31_000);
    expect(task.state).toBe('streaming');
  });

  it('and those that do not are left alone (ORCH-4210)', async () => {
    const { restart, task } = await begunBefore({});
    await restart.clock.advance(31_000);
    expect(task.state).toBe('streaming');
  });
});
