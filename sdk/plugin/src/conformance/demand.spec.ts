import { after, holdLoop } from '../../test/mutants/wire-mutant.js';
import { countMs, eventually, within } from './demand.js';

const LIMIT_MS = 250;
const WORK_MS = 300;
/** Far from the limit, however few milliseconds a look is taken for. */
const LATER_MS = 50;

/** Work that holds the event loop, and a wait that ends by itself. */
async function workAndWait(): Promise<string> {
  await new Promise((resolve) => setImmediate(resolve));
  holdLoop(WORK_MS);
  await after(LATER_MS, () => undefined);
  return 'done';
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('the time that a check counts', () => {
  it('holds no machine that stands still against an adapter (ORCH-4507)', async () => {
    const elapsedMs = countMs();
    standStill(600);
    await new Promise((resolve) => setImmediate(resolve));
    expect(elapsedMs()).toBeLessThan(LIMIT_MS);
  });

  it('holds work of an adapter against it, though nobody looks meanwhile (ORCH-4507)', () => {
    const elapsedMs = countMs();
    holdLoop(WORK_MS);
    // Clocks of processor time are coarse.
    expect(elapsedMs()).toBeGreaterThan(LIMIT_MS);
  });

  it('counts a wait (ORCH-4507)', async () => {
    const elapsedMs = countMs();
    await after(LATER_MS, () => undefined);
    expect(elapsedMs()).toBeGreaterThan(0);
  });
});

describe('within', () => {
  it('gives the value of what stood still only (ORCH-4507)', async () => {
    const still = (async () => {
      await new Promise((resolve) => setImmediate(resolve));
      standStill(LIMIT_MS + WORK_MS);
      await after(LATER_MS, () => undefined);
      return 'done';
    })();
    await expect(within(still, LIMIT_MS, 'It is stuck.')).resolves.toBe('done');
  });

  it('fails what works for longer than the limit (ORCH-4507)', async () => {
    await expect(within(workAndWait(), LIMIT_MS, 'It is stuck.')).rejects.toThrow('It is stuck. (waited 250 ms)');
  });

  it('fails what never comes (ORCH-4507)', async () => {
    await expect(within(new Promise(() => undefined), 20, 'It is stuck.')).rejects.toThrow('(waited 20 ms)');
  });
});

describe('eventually', () => {
  /** True at its third look. */
  const third = (look: () => void): (() => boolean) => {
    let looks = 0;
    return () => {
      look();
      return ++looks === 3;
    };
  };

  it('waits for a condition on a machine that stands still (ORCH-4507)', async () => {
    await expect(
      eventually(
        third(() => standStill(LIMIT_MS)),
        LIMIT_MS,
      ),
    ).resolves.toBe(true);
  });

  it('gives up a condition that works for longer than the limit (ORCH-4507)', async () => {
    await expect(
      eventually(
        third(() => holdLoop(WORK_MS)),
        LIMIT_MS,
      ),
    ).resolves.toBe(false);
  });
});
