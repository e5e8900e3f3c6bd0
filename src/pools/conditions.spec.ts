import { Conditions } from './conditions.js';

const NEVER = new AbortController().signal;

describe('Conditions', () => {
  it('settle at once where they hold already (OC-POOL-3003)', async () => {
    await new Conditions().until(() => true, NEVER);
  });

  it('settle when whoever changes them says so, and not before (OC-POOL-3003)', async () => {
    const conditions = new Conditions();
    const seen: string[] = [];
    let count = 0;
    const waits = [1, 2].map((least) =>
      conditions.until(() => count >= least, NEVER).then(() => seen.push(`${least}`)),
    );
    conditions.check();
    await Promise.resolve();
    expect(seen).toEqual([]);
    count = 1;
    conditions.check();
    await waits[0];
    expect(seen).toEqual(['1']);
    count = 2;
    conditions.check();
    await waits[1];
    expect(seen).toEqual(['1', '2']);
  });

  it('settle when the wait is called off, before it or during it (OC-POOL-3003)', async () => {
    const conditions = new Conditions();
    const stop = new AbortController();
    const waiting = conditions.until(() => false, stop.signal);
    stop.abort();
    await waiting;
    await conditions.until(() => false, stop.signal);
  });
});
