import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { type EngineError } from '@llama-orch/plugin-sdk';

import { msUntil } from '../../../test/support/engine-runs.js';
import {
  ask,
  chat,
  connect,
  createAdapter,
  HAIKU_DIGEST,
  isAlive,
  type LogLine,
  never,
  open,
  openHaiku,
  requestFor,
  text,
  until,
} from './support/replica.js';

const PARENT = fileURLToPath(new URL('./support/parent.mjs', import.meta.url));
const endless = requestFor(text('Once'), { maxTokens: 500, sampling: { temperature: 1 } });

describe('the runner process', () => {
  it('killed in mid-stream makes generate throw and lost settle within 500 ms (ORCH-3038)', async () => {
    const replica = await openHaiku();
    const batches = replica.generate(endless, never)[Symbol.asyncIterator]();
    await batches.next();
    let isTold = false;
    const toldMs = msUntil(() => isTold);
    process.kill(replica.runnerPid, 'SIGKILL');
    const lost = await replica.lost;
    const failure = await drain(batches).catch((error: EngineError) => error);
    isTold = true;
    expect(await toldMs).toBeLessThan(500);
    expect(lost).toMatchObject({ name: 'EngineError', code: 'reset', reason: 'engine_crashed' });
    expect(failure).toBe(lost);
    expect(await batches.next()).toEqual({ done: true, value: undefined });
    expect(await replica.health(never)).toMatchObject({ state: 'failed', reason: expect.stringContaining('SIGKILL') });
    await replica.close();
  });

  it('is loaded again after a crash, but not after three on the same weights', async () => {
    const adapter = await createAdapter();
    for (let crash = 1; crash <= 3; crash += 1) {
      const replica = await open(adapter);
      process.kill(replica.runnerPid, 'SIGABRT');
      expect((await replica.lost).message.includes(HAIKU_DIGEST)).toBe(crash === 3);
      await replica.close();
    }
    const fourth = await open(adapter);
    expect(await fourth.health(never)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(HAIKU_DIGEST),
    });
    await fourth.close();
  });

  it('is loaded again however often somebody else kills it (OC-POOL-3010)', async () => {
    const adapter = await createAdapter();
    for (let kill = 1; kill <= 4; kill += 1) {
      const replica = await open(adapter);
      process.kill(replica.runnerPid, 'SIGKILL');
      expect((await replica.lost).message).not.toContain(HAIKU_DIGEST);
      await replica.close();
    }
  });

  it('is gone after close, also with a request running, and closing twice is harmless (ORCH-4505)', async () => {
    const replica = await openHaiku();
    const batches = replica.generate(endless, never)[Symbol.asyncIterator]();
    await batches.next();
    const [pid] = [replica.runnerPid];
    await Promise.all([replica.close(), replica.close()]);
    expect(isAlive(pid)).toBe(false);
    await expect(drain(batches)).rejects.toMatchObject({ code: 'unavailable', reason: 'closed' });
    await replica.close();
  });

  it('is gone after a close while the model loads', async () => {
    const replica = await connect(await createAdapter());
    await replica.close();
    expect(isAlive(replica.runnerPid)).toBe(false);
  });

  it('ends by itself when the daemon is killed', async () => {
    const daemon = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    daemon.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });

  it('is told to end when loading takes too long', async () => {
    const replica = await open(await createAdapter(), { loadTimeoutMs: 1 });
    expect(await replica.health(never)).toMatchObject({ state: 'failed', reason: expect.stringContaining('1 ms') });
    await until(() => !isAlive(replica.runnerPid));
    await replica.close();
  });

  it('refuses requests while it loads, and says that a retry may help', async () => {
    const replica = await connect(await createAdapter());
    expect(await replica.health(never)).toEqual({ state: 'loading' });
    await expect(ask(replica, chat('hi'))).rejects.toMatchObject({ code: 'unavailable', reason: 'loading' });
    await replica.close();
  });

  it('logs neither the prompt nor a path (ORCH-4504)', async () => {
    const lines: LogLine[] = [];
    const replica = await open(await createAdapter({}, lines));
    await ask(replica, chat('a most private word'));
    process.kill(replica.runnerPid, 'SIGKILL');
    await replica.lost;
    await replica.close();
    expect(lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toMatch(/private|\/plugins\/|haiku-nano\.gguf/);
  });
});

describe('a GPU that is not there', () => {
  it('fails with one sentence that says what to do', async () => {
    const elsewhere = process.platform === 'darwin' ? 'cuda' : 'metal';
    const replica = await open(await createAdapter({ gpu: elsewhere }));
    const { state, reason } = await replica.health(never);
    expect(state).toBe('failed');
    expect(reason).toMatch(/set the option gpu|npm install --no-save/);
    await replica.close();
  });
});

async function drain(batches: AsyncIterator<unknown>): Promise<void> {
  while (!(await batches.next()).done);
}
