import { type EnginePrompt } from '@llama-orch/plugin-sdk';

import { ask, haikuPrompt, openHaiku, type Replica } from './support/replica.js';

const SEEDS = Array.from({ length: 64 }, (_, index) => 1_001 + index);
const LUKEWARM = { temperature: 0.7, topP: 0.95, topK: 40 };

/** A conversation whose first turns fill several chunks, so that a second request finds them in the cache. */
function longTalk(seed: number): EnginePrompt {
  return {
    type: 'chat',
    messages: [
      { role: 'system', content: 'Quiet verses alone. '.repeat(8) },
      { role: 'user', content: `Tell of ${seed % 4 === 0 ? 'the sea' : 'the night'}.` },
      { role: 'assistant', content: 'The night is calm' },
      { role: 'user', content: `Write a haiku about the minute ten and include the nonce "k${seed}".` },
    ],
  };
}

describe('equal requests to the embedded engine', () => {
  let replica: Replica;
  let other: Replica;

  beforeAll(async () => {
    [replica, other] = await Promise.all([openHaiku(), openHaiku()]);
  });
  afterAll(() => Promise.all([replica.close(), other.close()]));

  it('give equal bytes for 64 seeds on two replicas (ORCH-3045, ORCH-3050, OC-TEST-7003)', async () => {
    const texts = new Set<string>();
    for (const seed of SEEDS) {
      const prompt = haikuPrompt('forty-two', 'n0nce');
      const wish = { seed, sampling: LUKEWARM };
      const [one, two] = await Promise.all([ask(replica, prompt, wish), ask(other, prompt, wish)]);
      expect(two.text).toBe(one.text);
      texts.add(one.text);
    }
    expect(texts.size).toBeGreaterThan(32);
  }, 300_000);

  it('give equal bytes whether the prefix is warm or cold (ORCH-3045)', async () => {
    let reused = 0;
    for (const seed of SEEDS) {
      const wish = { seed, sampling: LUKEWARM };
      const warm = await ask(replica, longTalk(seed), wish);
      reused += warm.end?.usage.cachedTokens ?? 0;
      await ask(other, haikuPrompt('one', `cold${seed}`), { maxTokens: 1 });
      const cold = await ask(other, longTalk(seed), wish);
      expect(cold.end?.usage.cachedTokens).toBe(0);
      expect(cold.text).toBe(warm.text);
    }
    expect(reused).toBeGreaterThan(64 * 60);
  }, 300_000);

  it.each([0, 1, 2 ** 31 - 1])('repeat themselves for seed %i', async (seed) => {
    const wish = { seed, sampling: { temperature: 1 } };
    const first = await ask(replica, haikuPrompt('two', 'abc'), wish);
    expect((await ask(replica, haikuPrompt('two', 'abc'), wish)).text).toBe(first.text);
  });
});

describe('a replica with several slots', () => {
  it('serves more requests than slots, each with its own text, and promises best effort', async () => {
    const replica = await openHaiku({ slots: 3 });
    try {
      expect((await replica.describe(new AbortController().signal)).determinism).toBe('best_effort');
      const nonces = Array.from({ length: 8 }, (_, index) => `nonce${index}`);
      const poems = await Promise.all(nonces.map((nonce) => ask(replica, haikuPrompt('six', nonce))));
      poems.forEach((poem, index) => expect(poem.text).toContain(nonces[index]));
    } finally {
      await replica.close();
    }
  });
});
