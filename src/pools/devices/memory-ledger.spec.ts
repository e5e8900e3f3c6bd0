import fc from 'fast-check';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { type Claim, MemoryLedger } from './memory-ledger.js';

const GIB = 1024 ** 3;
const gib = (count: number) => Math.round(count * GIB);

function card(totalGib: number) {
  const clock = new FakeClock();
  const ledger = new MemoryLedger(clock);
  ledger.setDevices([{ id: 'a', totalBytes: gib(totalGib) }]);
  return {
    clock,
    ledger,
    room: () => ledger.room('a')!,
    freeGib: () => ledger.room('a')!.freeBytes / GIB,
    claim: (size: number) => ledger.claim(new Map([['a', gib(size)]])),
    see: (used: number, own?: number) =>
      ledger.observe('a', {
        usedBytes: gib(used),
        at: clock.now(),
        ...(own === undefined ? {} : { ownBytes: gib(own) }),
      }),
  };
}

describe('The ledger of memory', () => {
  it('promises what is neither used nor promised, and not more (ORCH-3003-v31, OC-CORE-1012)', () => {
    const { claim, freeGib, see } = card(24);
    see(4);
    expect(freeGib()).toBe(20);
    expect(claim(12)).toBeDefined();
    expect(freeGib()).toBe(8);
    expect(claim(9)).toBeUndefined();
    expect(claim(8)).toBeDefined();
    expect(freeGib()).toBe(0);
  });

  it('counts a replica once as soon as a look after its load has seen it', () => {
    const { claim, clock, freeGib, room, see } = card(24);
    see(2);
    const held = claim(10)!;
    clock.leap(1000);
    see(8);
    expect([freeGib(), room().hopedBytes / GIB]).toEqual([6, 12]);
    clock.leap(1000);
    held.loaded();
    expect([held.settled, freeGib()]).toEqual([false, 6]);
    clock.leap(1);
    see(12);
    expect([held.settled, freeGib(), room().foreignBytes / GIB]).toEqual([true, 12, 2]);
  });

  it('does not miss a load that ended after the last look began', () => {
    const { claim, clock, freeGib, see } = card(24);
    see(2);
    const held = claim(10)!;
    clock.leap(10);
    const at = clock.now();
    clock.leap(10);
    held.loaded();
    see(2);
    expect(held.settled).toBe(true);
    const other = card(24);
    const late = other.claim(10)!;
    other.clock.leap(20);
    late.loaded();
    other.ledger.observe('a', { usedBytes: gib(2), at });
    expect([late.settled, other.freeGib()]).toEqual([false, 12]);
    expect(freeGib()).toBe(14);
  });

  it('notices others who take memory while a replica loads', () => {
    const { claim, clock, freeGib, see } = card(24);
    see(0);
    claim(10);
    clock.leap(1000);
    see(9);
    // Either the load took 9, or somebody else did: whoever asks now is told what is there in the worse case.
    expect(freeGib()).toBe(5);
    see(14);
    expect(freeGib()).toBe(0);
  });

  it('tells a load from others exactly where the driver tells processes apart', () => {
    const { claim, clock, freeGib, room, see } = card(24);
    see(3, 0);
    claim(10);
    clock.leap(1000);
    see(9, 6);
    expect([freeGib(), room().foreignBytes / GIB]).toEqual([11, 3]);
    see(14, 6);
    expect([freeGib(), room().foreignBytes / GIB]).toEqual([6, 8]);
  });

  it('goes by the sum when no process of the driver is known to be ours', () => {
    const { claim, clock, freeGib, see } = card(24);
    const held = claim(10)!;
    held.loaded();
    clock.leap(1);
    see(12, 0);
    expect(freeGib()).toBe(12);
  });

  it('goes by what was claimed while nobody can look (ORCH-4506)', () => {
    const { claim, freeGib, ledger, see } = card(24);
    claim(10);
    see(20);
    expect(freeGib()).toBe(0);
    ledger.forget('a');
    expect(freeGib()).toBe(14);
  });

  it('hopes for memory that an ended replica gives back, for a while', () => {
    const { claim, clock, freeGib, room, see } = card(24);
    const held = claim(10)!;
    held.loaded();
    clock.leap(1);
    see(11);
    held.release();
    expect([freeGib(), room().hopedBytes / GIB]).toEqual([13, 23]);
    clock.leap(5000);
    expect(room().hopedBytes / GIB).toBe(13);
  });

  it('takes what a replica was seen to use for what it uses', () => {
    const exact = card(24);
    exact.see(3, 0);
    const held = exact.claim(10)!;
    exact.clock.leap(1);
    held.loaded();
    exact.see(16, 8);
    expect(held.bytes.get('a')).toBe(gib(8));
    const sum = card(24);
    sum.see(3);
    const more = sum.claim(10)!;
    sum.clock.leap(1);
    more.loaded();
    sum.see(15);
    expect(more.bytes.get('a')).toBe(gib(12));
  });

  it.each([
    ['less than expected, as others may have left', 8, 10],
    ['half as much again, as others may have come', 20, 15],
  ])('does not believe a sum that says %s', (_why, used, expected) => {
    const { claim, clock, see } = card(24);
    see(0);
    const held = claim(10)!;
    clock.leap(1);
    held.loaded();
    see(used);
    expect(held.bytes.get('a')).toBe(gib(expected));
  });

  it('measures nothing while two loads overlap', () => {
    const { claim, clock, see } = card(24);
    see(0);
    const [one, two] = [claim(5)!, claim(5)!];
    clock.leap(1);
    one.loaded();
    two.loaded();
    see(14);
    expect([one, two].map(({ bytes }) => bytes.get('a'))).toEqual([gib(5), gib(5)]);
  });

  it('expects a tenth less of a device that ran out, until loads succeed again (ORCH-3039)', () => {
    const { claim, clock, ledger, room } = card(10);
    ledger.exhausted(['a', 'unknown']);
    expect(room().capacityBytes / GIB).toBeCloseTo(9);
    ledger.exhausted(['a']);
    expect(room().capacityBytes / GIB).toBeCloseTo(8.1);
    claim(1)!.loaded();
    claim(1)!.loaded();
    expect(room().capacityBytes).toBe(gib(10));
    ledger.exhausted(['a']);
    clock.leap(600_000);
    expect(room().capacityBytes).toBe(gib(10));
  });

  it('keeps the claims of a device that is gone for now, and forgets it after the last', () => {
    const { claim, ledger, room } = card(10);
    const held = claim(4)!;
    ledger.setDevices([]);
    expect(room().predictedBytes).toBe(gib(4));
    ledger.setDevices([{ id: 'a', totalBytes: gib(10) }]);
    expect(room().freeBytes).toBe(gib(6));
    held.release();
    ledger.setDevices([]);
    expect(ledger.room('a')).toBeUndefined();
    held.release();
    held.loaded();
  });

  it('promises on all devices or on none', () => {
    const ledger = new MemoryLedger(new FakeClock());
    ledger.setDevices(['a', 'b'].map((id, at) => ({ id, totalBytes: 10 - 5 * at })));
    expect(ledger.claim(new Map(Object.entries({ a: 6, b: 6 })))).toBeUndefined();
    expect(ledger.room('a')!.freeBytes).toBe(10);
    expect(ledger.claim(new Map(Object.entries({ a: 5, b: 5 })))).toBeDefined();
    expect(ledger.claim(new Map([['c', 0]]))).toBeUndefined();
  });
});

type Act =
  | { readonly type: 'claim'; readonly bytes: number }
  | { readonly type: 'release' | 'loaded'; readonly which: number }
  | { readonly type: 'see'; readonly used: number; readonly own: number | undefined }
  | { readonly type: 'forget' | 'exhausted' }
  | { readonly type: 'pass'; readonly ms: number };

const TOTAL = 1000;
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ type: fc.constant('claim' as const), bytes: fc.nat(TOTAL) }),
  fc.record({ type: fc.constantFrom('release' as const, 'loaded' as const), which: fc.nat(20) }),
  fc.record({
    type: fc.constant('see' as const),
    used: fc.nat(TOTAL),
    own: fc.option(fc.nat(TOTAL), { nil: undefined }),
  }),
  fc.record({ type: fc.constantFrom('forget' as const, 'exhausted' as const) }),
  fc.record({ type: fc.constant('pass' as const), ms: fc.nat(3000) }),
);

describe('Whatever happens, the ledger', () => {
  it('is never negative, promises no more than is free, and gives back exactly what it promised (ORCH-3003-v31)', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const clock = new FakeClock();
        const ledger = new MemoryLedger(clock);
        ledger.setDevices([{ id: 'a', totalBytes: TOTAL }]);
        const all: Claim[] = [];
        const live = new Set<Claim>();
        for (const one of acts) {
          const free = ledger.room('a')!.freeBytes;
          if (one.type === 'pass') clock.leap(one.ms);
          if (one.type === 'forget') ledger.forget('a');
          if (one.type === 'exhausted') ledger.exhausted(['a']);
          if (one.type === 'see')
            ledger.observe('a', {
              ...{ usedBytes: one.used, at: clock.now() },
              ...(one.own === undefined ? {} : { ownBytes: Math.min(one.own, one.used) }),
            });
          if (one.type === 'claim') {
            const claim = ledger.claim(new Map([['a', one.bytes]]));
            expect(claim !== undefined).toBe(one.bytes <= free);
            if (claim !== undefined) {
              live.add(claim);
              all.push(claim);
            }
          }
          if (one.type === 'loaded') all[one.which]?.loaded();
          if (one.type === 'release' && all[one.which] !== undefined) {
            all[one.which]!.release();
            live.delete(all[one.which]!);
          }
          const room = ledger.room('a')!;
          const promised = [...live].reduce((sum, { bytes }) => sum + bytes.get('a')!, 0);
          expect(room.predictedBytes).toBe(promised);
          expect(Math.min(room.freeBytes, room.foreignBytes, room.predictedBytes)).toBeGreaterThanOrEqual(0);
          expect(room.freeBytes).toBeLessThanOrEqual(Math.max(0, room.capacityBytes - promised));
          expect(room.hopedBytes).toBeGreaterThanOrEqual(room.freeBytes);
          expect(room.capacityBytes).toBeLessThanOrEqual(TOTAL);
        }
      }),
      { numRuns: 500 },
    );
  });
});
