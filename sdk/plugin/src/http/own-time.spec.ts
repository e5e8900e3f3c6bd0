import { whenSpent } from './own-time.js';

describe('whenSpent', () => {
  it('acts once, when the time is over (ORCH-3054)', async () => {
    let acts = 0;
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      whenSpent(20, () => {
        acts += 1;
        resolve();
      });
    });
    // Timers of Node may be a millisecond early, each of them.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(10);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(acts).toBe(1);
  });

  it('does not act when it is called off (ORCH-3054)', async () => {
    let acts = 0;
    const countdown = whenSpent(10, () => (acts += 1));
    countdown.cancel();
    await new Promise<void>((resolve) => void whenSpent(30, resolve));
    expect(acts).toBe(0);
  });

  it('takes a machine that stands still for one step, so that what came meanwhile is seen first (ORCH-3054)', async () => {
    const order: string[] = [];
    const over = new Promise<void>((resolve) => {
      whenSpent(500, () => {
        order.push('limit');
        resolve();
      });
    });
    setTimeout(() => setImmediate(() => order.push('reply')), 10);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    await over;
    expect(order).toEqual(['reply', 'limit']);
  });
});
