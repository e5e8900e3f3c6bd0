import { FakeClock } from '../../test/support/fake-clock.js';
import { poolOf } from '../../test/support/pools.js';
import { promptSize } from './prompt-size.js';

const text = (length: number, letter = 'x') => ({ type: 'text', text: letter.repeat(length) }) as const;

function asked(answer: (signal: AbortSignal) => Promise<number>, contextTokens = 1000) {
  let calls = 0;
  const countTokens = (_prompt: unknown, signal: AbortSignal) => {
    calls++;
    return answer(signal);
  };
  const pool = poolOf('a', { description: { contextTokens }, connection: { countTokens } });
  return { pool, clock: new FakeClock(), calls: () => calls };
}

describe('the size of a prompt', () => {
  it('is estimated without asking when it fits in any tokenizer (ORCH-3015)', async () => {
    const { pool, clock, calls } = asked(async () => 1);
    // 32 control tokens at most, and one token a byte.
    expect(await promptSize(pool, text(868), 900, clock)).toEqual({ tokens: 217, counted: false });
    expect(calls()).toBe(0);
  });

  it('is counted by the engine from the first byte on that can matter (ORCH-3015)', async () => {
    const { pool, clock, calls } = asked(async () => 321);
    expect(await promptSize(pool, text(869), 900, clock)).toEqual({ tokens: 321, counted: true });
    expect([calls(), clock.pending]).toEqual([1, 0]);
  });

  it('counts bytes, not letters, and every message of a chat (ORCH-3015)', async () => {
    const { pool, clock, calls } = asked(async () => 5);
    expect(await promptSize(pool, text(300, 'ö'), 999, clock)).toEqual({ tokens: 150, counted: false });
    const chat = {
      type: 'chat',
      messages: Array.from({ length: 70 }, () => ({ role: 'user', content: 'x' }) as const),
    } as const;
    expect((await promptSize(pool, chat, 999, clock)).counted).toBe(true);
    expect(calls()).toBe(1);
  });

  it('is estimated when the engine does not answer within 250 ms, fails, or cannot count (ORCH-3015)', async () => {
    const slow = asked(() => new Promise(() => {}));
    const waiting = promptSize(slow.pool, text(4001), 900, slow.clock);
    slow.clock.leap(250);
    expect(await waiting).toEqual({ tokens: 1001, counted: false });
    const broken = asked(() => Promise.reject(new Error('no tokenizer')));
    expect((await promptSize(broken.pool, text(4000), 900, broken.clock)).counted).toBe(false);
    expect((await promptSize(poolOf('a', { connection: {} }), text(9000), 900, new FakeClock())).counted).toBe(false);
  });
});

describe('the context of a pool', () => {
  it('is what its engine says, else what is configured, else no limit (ORCH-3014)', () => {
    expect(poolOf('a', { config: { ctx: 100 }, description: { contextTokens: 90 } }).contextTokens).toBe(90);
    expect(poolOf('a', { config: { ctx: 100 }, description: null }).contextTokens).toBe(100);
    expect(poolOf('a', { description: null }).contextTokens).toBe(Number.MAX_SAFE_INTEGER);
  });
});
