import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StreamFrame } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { runnerPids } from '../support/runner-pids.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HAIKU = {
  ...{ id: 'haiku', engine: 'embedded', model: 'haiku-nano' },
  ...{ backoff: { initial_ms: 50, max_ms: 200, jitter: 0 }, breaker: { failures: 1000 } },
  // No test waits so long: what is found out is told by the end of the process, not by its silence.
  probe: { interval_ms: 600_000, timeout_ms: 600_000, heartbeat_stale_ms: 1_200_000 },
};

/** A task of some hundred milliseconds. */
function longTask(model = 'haiku-nano'): object {
  return { workload: 'completion', model_ref: model, priority: 'interactive', prompt: 'a frog', max_tokens: 480 };
}

/** Process ids of this process's children. */
function children(): readonly number[] {
  try {
    return execFileSync('pgrep', ['-P', String(process.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}

async function startWithRunner(pool: object = {}): Promise<{ app: TestApp; runner: number }> {
  const before = children();
  const app = await startTestApp({ pools: [{ ...HAIKU, ...pool }] });
  const [runner] = children().filter((pid) => !before.includes(pid) && isNode(pid));
  if (runner === undefined) throw new Error('the embedded engine has no process of its own');
  return { app, runner };
}

/** All that the reader of a long answer got whose engine was killed after a token. */
async function killedMeanwhile(app: TestApp): Promise<{ task_id: string; frames: readonly StreamFrame[] }> {
  const { task_id } = await app.submit(longTask());
  const stream = await app.follow(task_id);
  await stream.until('token');
  const [runner] = runnerPids(app, 'haiku').values();
  // Stopped first: the kill then cannot come after the last token.
  process.kill(runner!, 'SIGSTOP');
  process.kill(runner!, 'SIGKILL');
  return { task_id, frames: await stream.rest() };
}

/** pgrep is a child too while it runs. */
function isNode(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('The process of the embedded engine', () => {
  it('killed in the middle of a stream ends a task that does not go on elsewhere with WORKER_RESET, by no probe and no limit, and comes back (ORCH-4211, OC-POOL-3010, ORCH-3038, ORCH-2002)', async () => {
    const { app } = await startWithRunner({ failover: { mode: 'off' } });
    const isBack = (restart_count: number) =>
      eventually(async () =>
        expect((await app.call('/v1/pools/haiku/health')).body).toMatchObject({
          replicas: [{ restart_count, ready: true }],
        }),
      );
    let kills = 1;
    let killed = await killedMeanwhile(app);
    // An engine that was quicker than we were had said all before it was killed.
    for (; terminalOf(killed.frames).event === 'end'; kills++) {
      await isBack(kills);
      killed = await killedMeanwhile(app);
    }
    expect(terminalOf(killed.frames).data).toMatchObject({
      ...{ code: 'WORKER_RESET', engine: 'embedded', pool_id: 'haiku', retriable: true },
    });
    expect(await app.task(killed.task_id)).toMatchObject({ state: 'failed', error: { code: 'WORKER_RESET' } });

    await isBack(kills);
    expect(terminalOf(await app.frames((await app.submit(longTask())).task_id)).data).toMatchObject({
      finish_reason: 'length',
    });
    expect(await app.metric('llama_orch_engine_restarts_total', { pool_id: 'haiku' })).toBe(kills);
    await app.untilIdle('haiku');
  });

  it('killed while nobody uses it makes the pool unready, with the reason, until it is back (OC-POOL-3002, OC-POOL-3003, ORCH-3010)', async () => {
    // Time enough to see it away.
    const { app, runner } = await startWithRunner({ backoff: { initial_ms: 1_000, max_ms: 1_000, jitter: 0 } });
    process.kill(runner, 'SIGKILL');
    const body = await eventually(async () => expectProblem(await app.post(longTask()), 503, 'POOL_UNREADY'));
    expect(body).toMatchObject({ pool_id: 'haiku', retriable: true, message: expect.stringContaining('SIGKILL') });
    await app.untilReady('haiku');
    expect((await app.call('/v1/pools/haiku/health')).body).toMatchObject({
      last_error: null,
      replicas: [{ restart_count: 1 }],
    });
  });

  it('is ended with the daemon (ORCH-4808)', async () => {
    const { app, runner } = await startWithRunner();
    await app.submit(longTask());
    await app.close();
    expect(isNode(runner)).toBe(false);
  });
});

describe('A model file that is no model', () => {
  it('leaves its pool unready with a clear reason while the other pool serves (ORCH-3038, OC-POOL-3002, OC-POOL-3003, ORCH-3018, OC-CTRL-2031)', async () => {
    const path = join(folder, 'broken.gguf');
    writeFileSync(path, Buffer.from('GGUF but only by its first letters'));
    const app = await startTestApp({ pools: [HAIKU, { ...HAIKU, id: 'broken', model: `file:${path}` }] }, ['haiku']);
    const pool = await eventually(async () => {
      const { body } = await app.call<{ last_error: { message: string } | null }>('/v1/pools/broken/health');
      expect(body).toMatchObject({
        ready: false,
        last_error: { message: expect.stringContaining('The model file broken.gguf cannot be used') },
      });
      return body;
    });
    expect(JSON.stringify(pool)).not.toContain(folder);
    const refusal = await app.post(longTask('broken'));
    expect(['POOL_UNREADY', 'POOL_UNAVAILABLE']).toContain(refusal.body['code']);
    expectProblem(refusal, 503, String(refusal.body['code']));
    expect(refusal.body['message']).toContain(pool.last_error!.message);
    expect(refusal.text).not.toContain(folder);
    expect(Number(refusal.headers.get('retry-after'))).toBe(Math.ceil(Number(refusal.body['retry_after_ms']) / 1000));
    expect(terminalOf(await app.frames((await app.submit(longTask())).task_id)).event).toBe('end');
    expect(JSON.stringify(app.lines)).not.toContain(folder);
  });

  it('that is not there leaves its pool unready, and its tasks are told so (ORCH-3038, HME-032)', async () => {
    const path = join(folder, 'nowhere.gguf');
    const app = await startTestApp({ pools: [HAIKU, { ...HAIKU, id: 'gone', model: `file:${path}` }] }, ['haiku']);
    await eventually(async () =>
      expect((await app.call('/v1/pools/gone/health')).body).toMatchObject({
        ready: false,
        last_error: { code: expect.any(String) },
      }),
    );
    const refusal = await app.post(longTask('nowhere'));
    expect(refusal.status).toBe(503);
    expect(refusal.text).not.toContain(folder);
  });
});
