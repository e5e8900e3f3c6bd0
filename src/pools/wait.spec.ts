import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { bounded, pause } from './wait.js';

const never = () => new AbortController().signal;

describe('a bounded call', () => {
  it('gives its answer and leaves no timer', async () => {
    const clock = new FakeClock();
    expect(await bounded(async () => 7, 100, clock, never())).toBe(7);
    expect(clock.pending).toBe(0);
  });

  it('aborts the call and fails as a timeout when its limit passes', async () => {
    const clock = new FakeClock();
    let signal: AbortSignal | undefined;
    const call = bounded((given) => new Promise(() => (signal = given)), 100, clock, never());
    clock.leap(100);
    await expect(call).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('100 ms') });
    expect(signal?.aborted).toBe(true);
  });

  it('ends at once when it is called off, before and while it runs', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const call = bounded(() => new Promise(() => {}), 100, clock, stop.signal);
    stop.abort();
    await expect(call).rejects.toThrow('called off');
    await expect(bounded(async () => 7, 100, clock, stop.signal)).rejects.toThrow();
    expect(clock.pending).toBe(0);
  });

  it('passes on what the call throws, now or later', async () => {
    const clock = new FakeClock();
    const thrown = new Error('no');
    await expect(bounded(() => Promise.reject(thrown), 100, clock, never())).rejects.toBe(thrown);
    const now = bounded(
      () => {
        throw thrown;
      },
      100,
      clock,
      never(),
    );
    await expect(now).rejects.toBe(thrown);
    expect(clock.pending).toBe(0);
  });
});

describe('a pause', () => {
  it('ends after its time, or when it is called off, and leaves nothing behind', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    let done = 0;
    void pause(100, clock, stop.signal).then(() => done++);
    clock.leap(99);
    await settle();
    expect(done).toBe(0);
    clock.leap(1);
    await settle();
    expect(done).toBe(1);
    void pause(100, clock, stop.signal).then(() => done++);
    stop.abort();
    await settle();
    expect([done, clock.pending]).toEqual([2, 0]);
    await pause(100, clock, stop.signal);
  });
});
