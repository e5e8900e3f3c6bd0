import { runCli } from '../../src/cli/main.js';
import { oneFleet, run } from '../support/simulator-rig.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { readTrace } from '../../src/scheduling/simulator/trace.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { careForEngines } from '../../src/engine.js';
import { selfTest } from '../../src/self-test.js';
import { simulate } from '../../src/simulate.js';
import { TestIo } from '../contract/support/test-io.js';

const SESSION = '0198f1d2-7c3a-7b21-8f3e-00000000000a';

async function record(app: TestApp, ...argv: readonly string[]): Promise<TestIo> {
  const io = new TestIo({ env: { LLORCH_URL: app.url } });
  const code = await runCli(['tasks', 'trace', ...argv], {
    io,
    serve: () => Promise.resolve(0),
    simulate,
    selfTest,
    engine: careForEngines,
    audit: careForAudit,
    backup: careForBackups,
    policy: careForPolicies,
  });
  expect(code).toBe(0);
  return io;
}

const linesOf = (io: TestIo) =>
  io.out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('llama-orch tasks trace', () => {
  it('writes what ended as a trace that the simulator runs (ORCH-4955)', async () => {
    const app = await startTestApp({ pools: [mockPool()] });
    const first = await app.submit(
      completion('one two three', { max_tokens: 8, expected_tokens: 6, session_id: SESSION }),
    );
    await app.frames(first.task_id);
    const second = await app.submit(completion('four', { priority: 'batch', max_tokens: 5, deadline_ms: 60_000 }));
    await app.frames(second.task_id);
    const io = await record(app);
    const [one, two] = linesOf(io);
    const views = await Promise.all([first, second].map(({ task_id }) => app.task(task_id)));
    expect(one).toEqual({
      ...{ arrival_ms: 0, prompt_tokens: views[0]!.prompt_tokens, output_tokens: 8, max_tokens: 8 },
      ...{ expected_tokens: 6, priority: 'interactive', session: SESSION },
    });
    expect(two).toMatchObject({ output_tokens: 5, priority: 'batch', deadline_ms: 60_000 });
    expect(two!['arrival_ms']).toBe(views[1]!.created_ms - views[0]!.created_ms);
    expect(io.err).toBe('recorded 2 tasks\n');
    const fleet = oneFleet();
    expect(run(readTrace('recorded', io.out, fleet), fleet).report.fates.completed).toBe(2);
  });

  it('keeps the patience of a caller who cancelled, and leaves out answers that never came (ORCH-4955)', async () => {
    const app = await startTestApp({ pools: [mockPool()] });
    const cut = await app.submit(completion('[[mock:stall@3]]', { max_tokens: 1_000 }));
    const waiting = await app.submit(completion('waits', { max_tokens: 10 }));
    await app.cancel(waiting.task_id);
    const events = await app.follow(cut.task_id);
    await events.until('token');
    await app.cancel(cut.task_id);
    await events.rest();
    const io = await record(app);
    const { tokens_out, created_ms, ended_ms } = await app.task(cut.task_id);
    expect(linesOf(io)).toEqual([
      expect.objectContaining({
        output_tokens: tokens_out,
        max_tokens: 1_000,
        cancel_after_ms: ended_ms! - created_ms,
      }),
    ]);
    expect(io.err).toContain('left out 1 task whose answer never came to its end');
  });

  it('walks every page, and one pool alone when asked (ORCH-4955)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { queue: { capacity: 300 } })] });
    const accepted = [];
    for (let count = 0; count < 205; count++) accepted.push(await app.submit(completion('x', { max_tokens: 1 })));
    await app.frames(accepted.at(-1)!.task_id);
    await app.untilIdle();
    expect(linesOf(await record(app))).toHaveLength(205);
    expect((await record(app, '--pool', 'other')).out).toBe('');
    expect((await record(app, '--json')).json).toMatchObject({ schema_version: 1 });
  });
});
