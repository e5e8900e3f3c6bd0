import { type WayToStart, rawStart } from './raw-start.js';

/** Lengths are spread evenly. */
const evenly = (_: unknown, q: number): number => (q - 0.5) * Math.sqrt(12);

function way(facts: Partial<WayToStart> = {}): WayToStart {
  const slots = { parts: 1, freeIn: [1000, 2000], count: 2 };
  const work = [{ count: 4, priority: 'batch', service: { mean: 1000, variance: 0 } }] as const;
  return { ahead: 4, work, slots, arriving: undefined, ...facts };
}

const varying = [{ count: 4, priority: 'batch', service: { mean: 1000, variance: 250_000 } }] as const;

describe('a start, before anything is learned', () => {
  it('is sure within three percent when all lengths are known (ORCH-4406)', () => {
    expect(rawStart(way(), evenly)).toEqual({ medianMs: 3000, spreadMs: 90 });
  });

  it('is as uncertain as the work before it (ORCH-4406)', () => {
    const { medianMs, spreadMs } = rawStart(way({ work: varying }), evenly);
    expect(spreadMs - 0.03 * medianMs).toBeCloseTo(Math.sqrt(5 * 250_000) / 2);
  });

  it('is uncertain with nobody before it, as long as it waits for answers that vary (ORCH-4406)', () => {
    const { medianMs, spreadMs } = rawStart(way({ ahead: 0, work: [{ ...varying[0], count: 1 }] }), evenly);
    expect(medianMs).toBe(1000);
    expect(spreadMs - 30).toBeCloseTo(250);
  });

  it('comes later and less surely when others will overtake it (ORCH-4406)', () => {
    const arriving = { everyMs: 1000, service: { mean: 1000, variance: 0 } };
    const alone = rawStart(way(), evenly);
    const overtaken = rawStart(way({ arriving }), evenly);
    expect(overtaken.medianMs).toBeGreaterThan(1.5 * alone.medianMs);
    expect(overtaken.spreadMs).toBeGreaterThan(10 * alone.spreadMs);
  });

  it('is a number also without slots or work', () => {
    const slots = { parts: 64, freeIn: [], count: 0 };
    const arriving = { everyMs: 1000, service: { mean: 0, variance: 0 } };
    expect(rawStart({ ahead: 0, work: [], slots, arriving }, evenly)).toEqual({ medianMs: 0, spreadMs: 0 });
  });
});
