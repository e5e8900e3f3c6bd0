import { type EngineConnection } from '@llama-orch/plugin-sdk';
import { settle } from '../../../test/support/fake-clock.js';
import { Restart, again, textOf } from '../../../test/support/restart.js';
import { type SchedulerRig, framesOf } from '../../../test/support/scheduler-rig.js';
import { JournalTelemetry } from '../../tasks/journal-telemetry.js';
import { TaskHistory } from '../../tasks/task-history.js';
import { type Task } from '../../tasks/task.js';

const LIMITS = { ringBytes: 1e6, framesMs: 60_000, tasksMs: 86_400_000, tasksKept: 1_000, framesBytes: 1e6 };

function historyOf({ clock, registry, logger }: SchedulerRig, { disk: store }: Restart): TaskHistory {
  return new TaskHistory({ clock, store, registry, telemetry: new JournalTelemetry(logger) }, LIMITS);
}

async function answered(rig: SchedulerRig, task: Task, ...texts: readonly string[]): Promise<void> {
  rig.runOf(task).tokens(...texts);
  rig.runOf(task).end();
  await task.log.ended();
}

describe('what an ended task said', () => {
  it('can be read after a restart, also when its frames are over (ORCH-4106, ORCH-4203)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const task = await before.accept();
    await answered(before, task, 'the', ' answer');
    const after = await restart.start();
    const history = historyOf(after, restart);
    const read = again(after, task);
    expect((await history.logOf(read))?.text()).toBe('the answer');
    await restart.clock.advance(60_001);
    expect([await history.logOf(read), await history.textOf(read)]).toEqual([undefined, 'the answer']);
  });

  it('is not told again to a reader who may have read something else there, in no later life (ORCH-4203, ORCH-4210)', async () => {
    const restart = new Restart({ pool: { determinism: 'best_effort' } });
    const one = await restart.start();
    const task = await one.accept();
    one.runOf(task).tokens('a');
    await restart.clock.advance(50);
    one.runOf(task).tokens('b');
    await settle();
    const cursor = task.log.lastSeq;
    const two = await restart.start();
    await again(two, task).log.ended();
    const three = await restart.start();
    const read = again(three, task);
    expect(read.log.holds(cursor)).toBe(false);
    const log = await historyOf(three, restart).logOf(read);
    expect([log?.holds(cursor), log?.holds(cursor, log.epoch), log?.epoch]).toEqual([false, true, read.log.epoch]);
  });
});

describe('a request crosses a crash', () => {
  it('as it came, whatever characters and schema it has (ORCH-4210)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const text = 'half \ud83d a pair \udc00, \u0000, \u2028, ünï';
    const jsonSchema = { type: 'object', properties: { "it's": { const: '\ud800' } }, required: ["it's"] };
    const seed = 2n ** 63n - 1n;
    const task = await before.accept({ prompt: { type: 'text', text }, jsonSchema, seed });
    before.runOf(task).tokens('{"it\'s":', '"\ud800');
    await restart.clock.advance(50);
    const after = await restart.start();
    const resumed = again(after, task);
    const { request } = after.runOf(resumed);
    expect(request).toEqual(before.runOf(task).request);
    expect([request.prompt, request.jsonSchema]).toEqual([{ type: 'text', text }, jsonSchema]);
    await answered(after, resumed, '{"it\'s":"\ud800', '"}');
    expect([resumed.state, textOf(resumed)]).toEqual(['completed', '{"it\'s":"\ud800"}']);
  });

  it.each([
    ['embedding', { embeddings: [[1, 0.5]] }],
    ['rerank', { scores: [0.25] }],
  ] as const)('and a task of workload %s is done once more (ORCH-4210)', async (workload, output) => {
    const asked: unknown[] = [];
    const result = (request: object): Promise<never> => {
      asked.push(request);
      // The first daemon ends before its engine has an answer.
      return asked.length === 1 ? new Promise(() => {}) : (Promise.resolve({ ...output, promptTokens: 2 }) as never);
    };
    const withBoth = (connection: EngineConnection) =>
      void Object.assign(connection, { embed: result, rerank: result });
    const restart = new Restart({ engine: { workloads: [workload] }, prepare: withBoth });
    const before = await restart.start();
    const task = await before.accept({ workload, inputs: ['x', 'y'] });
    await restart.clock.advance(50);
    const resumed = again(await restart.start(), task);
    await resumed.log.ended();
    expect([resumed.state, framesOf(resumed).at(-1)?.data['output']]).toEqual(['completed', output]);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
  });
});
