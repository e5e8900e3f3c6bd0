import { execFileSync } from 'node:child_process';
import { type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { HeldClock } from '../support/held-clock.js';
import { terminalOf } from '../support/read-events.js';
import { type LogLine, startTestApp, type TestApp } from '../support/start-app.js';

/** Process ids of the engines that this process runs: a program that looks for them is a child as well. */
function engines(): readonly number[] {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split(
    '\n',
  );
  return lines.filter((line) => line.includes('engine-embedded')).map((line) => Number.parseInt(line, 10));
}

function pool(facts: object): object & { id: string } {
  return {
    ...{ id: 'haiku', engine: 'embedded', model: 'haiku-nano' },
    ...{ backoff: { initial_ms: 50, max_ms: 200, jitter: 0 } },
    // An engine that gets no processor is not lost.
    ...{ probe: { timeout_ms: 60_000, heartbeat_stale_ms: 600_000 } },
    ...facts,
  };
}

async function healthOf(app: TestApp): Promise<PoolHealth> {
  return (await app.call<PoolHealth>('/v1/pools/haiku/health')).body;
}

/** Replicas that wait for another start. */
function failuresOf(app: TestApp): readonly LogLine[] {
  return app.lines.filter(({ event, state }) => event === 'pool_state' && /backoff|failed/.test(String(state)));
}

function task(): object {
  return {
    workload: 'completion',
    model_ref: 'haiku-nano',
    priority: 'interactive',
    prompt: 'a frog',
    max_tokens: 480,
  };
}

describe('An engine process', () => {
  it('that is stopped in the middle of a decode is found to hang within progress_ms, ended and started anew (OC-POOL-3005, ORCH-3053)', async () => {
    const others = engines();
    const app = await startTestApp(
      {
        pools: [
          pool({
            probe: { progress_ms: 1_200, timeout_ms: 60_000, heartbeat_stale_ms: 600_000 },
            failover: { mode: 'off' },
          }),
        ],
      },
      [],
    );
    const clock = new HeldClock(app);
    clock.goOn();
    await app.untilReady('haiku');
    clock.hold();
    const engine = engines().find((pid) => !others.includes(pid));
    const { task_id } = await app.submit(task());
    const stream = await app.follow(task_id);
    await stream.until('token');
    process.kill(engine!, 'SIGSTOP');
    for (let waitedMs = 0; waitedMs < 1_200; waitedMs += 100) {
      // A busy engine is silent for so long as well.
      if (waitedMs <= 900) expect((await healthOf(app)).ready).toBe(true);
      clock.leap(100);
    }
    expect(terminalOf(await stream.rest()).data).toMatchObject({ code: 'WORKER_RESET', pool_id: 'haiku' });
    clock.goOn();
    await app.untilReady('haiku');
    expect(await app.metric('llama_orch_engine_restarts_total', { pool_id: 'haiku', reason: 'hung' })).toBe(1);
    expect(engines()).not.toContain(engine);
    await app.untilIdle('haiku');
  });

  it('that is killed again and again opens the breaker at the configured count; it closes when a start succeeds (ORCH-3053, OC-POOL-3011, OC-POOL-3030)', async () => {
    const others = engines();
    const app = await startTestApp({ pools: [pool({ breaker: { failures: 3, open_ms: 300_000 } })] });
    const clock = new HeldClock(app);
    clock.goOn();
    for (let crash = 1; crash <= 3; crash++) {
      const engine = engines().find((pid) => !others.includes(pid));
      process.kill(engine!, 'SIGKILL');
      await eventually(() => expect(failuresOf(app).length).toBe(crash));
      if (crash < 3) await app.untilReady('haiku');
    }
    expect(await healthOf(app)).toMatchObject({
      state: 'failed',
      last_error: { code: 'reset', reason: 'engine_crashed' },
    });
    expect(await app.metric('llama_orch_breaker_state', { pool_id: 'haiku', kind: 'restart' })).toBe(1);
    clock.leap(300_000);
    await app.untilReady('haiku');
    expect(await app.metric('llama_orch_breaker_state', { pool_id: 'haiku', kind: 'restart' })).toBe(0);
    const failures = failuresOf(app);
    expect(failures.map((line) => [line['state'], line['backoff_ms'], line['restart_count']])).toEqual([
      ['backoff', 50, 0],
      ['backoff', 100, 1],
      ['failed', 300_000, 2],
    ]);
    expect(failures[0]).toMatchObject({ device_mask: [], cpu: true, last_error: expect.stringContaining('SIGKILL') });
    expect(terminalOf(await app.frames((await app.submit(task())).task_id)).event).toBe('end');
  });

  it('that has no model fails at once: nothing is started again and again in vain (OC-POOL-3002, ORCH-3038)', async () => {
    const app = await startTestApp({ pools: [pool({ model: 'file:/nowhere/at-all.gguf' })] }, []);
    await eventually(async () => expect((await healthOf(app)).state).toBe('failed'));
    expect(await healthOf(app)).toMatchObject({
      last_error: { reason: 'model_missing', self_test: 'preload', message: expect.stringContaining('at-all.gguf') },
      replicas: [{ restart_count: 0 }],
    });
  });
});
