import { fileURLToPath } from 'node:url';

import { jest } from '@jest/globals';
import { type EngineConnection } from '@llama-orch/plugin-sdk';

import { EmbeddedAdapter } from '../src/adapter.js';
import { isAlive, never, requestFor, text } from './support/replica.js';

const DEAF = fileURLToPath(new URL('./support/deaf-runner.mjs', import.meta.url));

type Deaf = EngineConnection & { readonly runnerPid: number; readonly lost: Promise<Error> };

/** Lets real messages of the runner arrive while the clock of the test stands still. */
async function arrives(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

async function openDeaf(): Promise<Deaf> {
  const files = { runner: DEAF, bundledModel: 'unused' };
  const adapter = new EmbeddedAdapter({ gpu: false }, { log: () => undefined }, files);
  const model = { ref: 'haiku-nano', id: 'haiku-nano' };
  const endpoint = { poolId: 'p', replicaId: 'r', model, slots: 1, loadTimeoutMs: 10_000 };
  const replica = (await adapter.connect(endpoint)) as Deaf;
  await arrives(async () => (await replica.health(never)).state === 'ready');
  return replica;
}

describe('a runner that no longer obeys', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is killed when it keeps a cancelled request for 5 s; the others fail as reset', async () => {
    const replica = await openDeaf();
    const abort = new AbortController();
    const cancelled = replica.generate(requestFor(text('a')), abort.signal)[Symbol.asyncIterator]();
    const other = replica.generate(requestFor(text('b')), never)[Symbol.asyncIterator]();
    await Promise.all([cancelled.next(), other.next()]);
    const [end, failure] = [cancelled.next(), other.next().catch((error: unknown) => error)];
    abort.abort();
    await jest.advanceTimersByTimeAsync(4_900);
    expect((await replica.health(never)).state).toBe('ready');
    await jest.advanceTimersByTimeAsync(200);
    expect(await end).toEqual({ done: true, value: undefined });
    expect(await failure).toMatchObject({ code: 'reset', reason: 'engine_stuck' });
    expect(await replica.lost).toMatchObject({ reason: 'engine_stuck' });
    await jest.advanceTimersByTimeAsync(2_000);
    await arrives(() => !isAlive(replica.runnerPid));
  });

  it('is killed when its heartbeat stays away', async () => {
    const replica = await openDeaf();
    await jest.advanceTimersByTimeAsync(11_100);
    expect(await replica.health(never)).toMatchObject({ state: 'failed', reason: expect.stringContaining('stopped') });
    await jest.advanceTimersByTimeAsync(2_000);
    await arrives(() => !isAlive(replica.runnerPid));
  });

  it('is killed by a close that it ignores', async () => {
    const replica = await openDeaf();
    const closed = replica.close();
    await jest.advanceTimersByTimeAsync(4_000);
    await closed;
    expect(isAlive(replica.runnerPid)).toBe(false);
  });
});
