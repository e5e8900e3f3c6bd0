import { poolId, replicaId } from '../../kernel/ids.js';
import { RateBook } from './rate-book.js';

const [A, B] = [0, 1].map((at) => replicaId(poolId('p'), at)) as [
  ReturnType<typeof replicaId>,
  ReturnType<typeof replicaId>,
];
const DECLARED = { prefill: 500, decode: 20 };

/** Replicas that read 1000 and write 50 tokens per second. */
class Engines {
  readonly book = new RateBook();
  now = 0;
  private lease = 0;

  run(replica: typeof A, { prompt = 200, answer = 100, decode = 50 } = {}): void {
    const lease = ++this.lease;
    this.book.dispatched(lease, replica, this.now);
    this.book.firstToken(lease, prompt, (this.now += prompt));
    this.book.ended(lease, answer, (this.now += (answer * 1000) / decode));
  }
}

describe('learned rates', () => {
  it('are those declared before the first run, and as uncertain as can be (ORCH-4406)', () => {
    const { book } = new Engines();
    book.join(A, 'fast m', DECLARED);
    expect(book.ratesOf(A)).toEqual({ prefillTps: 500, decodeTps: 20, slowdown: 0, uncertainty: 1 });
  });

  it('come near what was measured, with less and less doubt (ORCH-4406)', () => {
    const engines = new Engines();
    engines.book.join(A, 'fast m', DECLARED);
    const doubts = Array.from({ length: 30 }, () => {
      engines.run(A);
      return engines.book.ratesOf(A).uncertainty;
    });
    expect(engines.book.ratesOf(A).decodeTps).toBeCloseTo(50, 0);
    expect(engines.book.ratesOf(A).prefillTps).toBeGreaterThan(980);
    expect(doubts).toEqual(doubts.toSorted((a, b) => b - a));
    expect(doubts.at(-1)).toBeLessThan(0.05);
  });

  it('of a replica that never ran are those of its kind, with some doubt (ORCH-4406, ORCH-1103)', () => {
    const engines = new Engines();
    engines.book.join(A, 'fast m', DECLARED);
    engines.book.join(B, 'fast m', DECLARED);
    for (let run = 0; run < 20; run++) engines.run(A);
    const { decodeTps, uncertainty } = engines.book.ratesOf(B);
    expect(decodeTps).toBeGreaterThan(48);
    expect(uncertainty).toBeGreaterThan(0.15);
    expect(uncertainty).toBeLessThan(0.3);
  });

  it('change for all of a kind when it has taught twice as much as before, else for the one that ran (ORCH-4406)', () => {
    const { book } = new Engines();
    book.join(A, 'fast m', DECLARED);
    book.join(B, 'fast m', DECLARED);
    const told = Array.from({ length: 128 }, (_, run) => {
      book.dispatched(run, A, 0);
      return [...book.ended(run, 9, 9)].length;
    });
    const toAll = told.flatMap((count, run) => (count === 2 ? [run + 1] : []));
    expect(toAll).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
    expect(told.filter((count) => count === 1)).toHaveLength(120);
  });

  it('of another device or model teach nothing (ORCH-1103)', () => {
    const engines = new Engines();
    engines.book.join(A, 'fast m', DECLARED);
    engines.book.join(B, 'slow m', DECLARED);
    engines.run(A);
    expect(engines.book.ratesOf(B).decodeTps).toBe(20);
  });

  it('tell a replica apart from its kind (ORCH-4406)', () => {
    const engines = new Engines();
    engines.book.join(A, 'fast m', DECLARED);
    engines.book.join(B, 'fast m', DECLARED);
    for (let run = 0; run < 20; run++) {
      engines.run(A);
      engines.run(B, { decode: 25 });
    }
    expect(engines.book.ratesOf(A).decodeTps).toBeGreaterThan(45);
    expect(engines.book.ratesOf(B).decodeTps).toBeLessThan(28);
  });

  it('are of one slot alone, also when slots were shared (ORCH-4406)', () => {
    const { book } = new Engines();
    book.join(A, 'fast m', DECLARED);
    let now = 0;
    for (let pair = 0; pair < 40; pair++) {
      const others = pair % 2;
      for (let slot = 0; slot <= others; slot++) book.dispatched(2 * pair + slot, A, now);
      for (let slot = 0; slot <= others; slot++) book.firstToken(2 * pair + slot, undefined, now);
      now += 2_000 * (1 + 0.5 * others);
      for (let slot = 0; slot <= others; slot++) book.ended(2 * pair + slot, 100, now);
    }
    const { decodeTps, slowdown } = book.ratesOf(A);
    expect(decodeTps).toBeGreaterThan(45);
    expect(decodeTps).toBeLessThan(52);
    expect(slowdown).toBeGreaterThan(0.3);
    expect(slowdown).toBeLessThan(0.55);
  });

  it('learn nothing from a run that was cut off, a warm prompt or a word (ORCH-4406)', () => {
    const { book } = new Engines();
    book.join(A, 'fast m', DECLARED);
    book.dispatched(1, A, 0);
    book.firstToken(1, undefined, 10);
    expect(book.ended(1, undefined, 900)).toEqual([]);
    book.dispatched(2, A, 900);
    book.firstToken(2, 2, 910);
    book.ended(2, 3, 911);
    expect(book.ended(2, 300, 999)).toEqual([]);
    expect(book.ratesOf(A)).toMatchObject({ prefillTps: 500, decodeTps: 20 });
  });
});
