import { type EngineEvent } from '@llama-orch/plugin-sdk';

import { msUntil } from '../../../test/support/engine-runs.js';
import { ask, chat, never, openHaiku, type Replica, requestFor, text } from './support/replica.js';

const endless = requestFor(text('Once'), { maxTokens: 500, sampling: { temperature: 1 } });
// Words that the vocabulary does not know cost one token a letter: nearly the whole context of 512.
const longPrompt = requestFor(text('x'.repeat(500)), { maxTokens: 10 });

describe('a cancelled request', () => {
  let replica: Replica;

  beforeAll(async () => {
    replica = await openHaiku();
  });
  afterAll(() => replica.close());

  it('ends in mid-stream, yields nothing more and frees its slot (ORCH-3017, ORCH-3026)', async () => {
    const abort = new AbortController();
    const seen: EngineEvent[] = [];
    let seenAtAbort = 0;
    for await (const batch of replica.generate(endless, abort.signal)) {
      seen.push(...batch);
      if (seen.length < 5) continue;
      seenAtAbort = seen.length;
      abort.abort();
    }
    expect(seen).toHaveLength(seenAtAbort);
    expect(seen.every((event) => event.type === 'token')).toBe(true);
    expect((await ask(replica, chat('hi'), { maxTokens: 4 })).tokens).toBe(4);
  });

  it('ends within 200 ms while its prompt is read', async () => {
    const abort = new AbortController();
    const batches = replica.generate(longPrompt, abort.signal)[Symbol.asyncIterator]();
    let isOver = false;
    const first = batches.next().finally(() => (isOver = true));
    abort.abort();
    const tookMs = msUntil(() => isOver);
    expect(await first).toEqual({ done: true, value: undefined });
    expect(await tookMs).toBeLessThan(200);
  });

  it('leaves the queue of a busy replica at once, and the running one goes on', async () => {
    const running = ask(replica, text('Once'), { maxTokens: 300, sampling: { temperature: 1 } });
    const abort = new AbortController();
    const waiting = replica.generate(endless, abort.signal)[Symbol.asyncIterator]();
    const first = waiting.next();
    abort.abort();
    expect(await first).toEqual({ done: true, value: undefined });
    expect((await running).tokens).toBe(300);
  });

  it('cancelled after its end, or twice, changes nothing', async () => {
    const abort = new AbortController();
    const events: EngineEvent[] = [];
    for await (const batch of replica.generate(requestFor(chat('hi')), abort.signal)) events.push(...batch);
    abort.abort();
    abort.abort();
    expect(events.at(-1)?.type).toBe('end');
    expect((await ask(replica, chat('hi'), { maxTokens: 2 })).tokens).toBe(2);
  });

  it('gives its slot back when the consumer walks away', async () => {
    for await (const _ of replica.generate(endless, never)) break;
    expect((await ask(replica, chat('hi'), { maxTokens: 2 })).tokens).toBe(2);
  });

  it('leaves the text of its neighbour as it is', async () => {
    const pair = await openHaiku({ slots: 2 });
    try {
      const alone = await ask(pair, text('Once'), { maxTokens: 200 });
      const abort = new AbortController();
      const neighbour = ask(pair, text('Once'), { maxTokens: 200 });
      const batches = pair.generate(endless, abort.signal)[Symbol.asyncIterator]();
      await batches.next();
      abort.abort();
      await batches.next();
      expect((await neighbour).text).toBe(alone.text);
    } finally {
      await pair.close();
    }
  });

  it('stops counting tokens', async () => {
    await expect(replica.countTokens?.(chat('hi'), AbortSignal.abort())).rejects.toMatchObject({ reason: 'cancelled' });
  });
});
