import fc from 'fast-check';
import { type ReplicaId } from '../../kernel/ids.js';
import { planRoom, type Resident, type RoomQuestion, turnMs } from './room-plan.js';

const RULES = { minLoadedMs: 0, maxTurnMs: 120_000 };
const NOW = 1_000_000;
const id = (name: string) => name as ReplicaId;

/** A resident that was loaded long ago and is not used. */
function resident(name: string, facts: Partial<Resident> = {}): Resident {
  return {
    id: id(name),
    ...{ busy: 0, waiting: 0, loadMs: 10_000, readyAt: NOW - 600_000, usedAt: NOW - 300_000 },
    ...facts,
  };
}

/** Each resident holds so many bytes of one device; the newcomer needs `need` of `capacity`. */
function question(
  residents: readonly Resident[],
  bytes: Readonly<Record<string, number>>,
  { need = 50, capacity = 100, rules = RULES, loadMs = 10_000 } = {},
): RoomQuestion {
  const fits = (gone: ReadonlySet<ReplicaId>) => {
    const held = residents.reduce((sum, one) => sum + (gone.has(one.id) ? 0 : (bytes[one.id] ?? 0)), 0);
    return held + need <= capacity;
  };
  return { residents, fits, rules, loadMs, now: NOW };
}

describe('room for a model', () => {
  it('is there while the others leave enough', () => {
    expect(planRoom(question([resident('a')], { a: 50 }))).toEqual({ type: 'room' });
  });

  it('is never there for what is larger than everything', () => {
    expect(planRoom(question([resident('a')], { a: 50 }, { need: 101 }))).toEqual({ type: 'impossible' });
  });

  it('is made by who was not used for longest', () => {
    const residents = [resident('a', { usedAt: NOW - 100_000 }), resident('b', { usedAt: NOW - 900_000 })];
    expect(planRoom(question(residents, { a: 50, b: 50 }))).toEqual({ type: 'evict', victims: ['b'] });
  });

  it('is made by who loads fastest, where both were used alike', () => {
    const residents = [resident('a', { loadMs: 60_000 }), resident('b', { loadMs: 2_000 })];
    expect(planRoom(question(residents, { a: 50, b: 50 }))).toEqual({ type: 'evict', victims: ['b'] });
  });

  it('is made by one dear model rather than by many that are dearer together', () => {
    const cheap = ['b', 'c', 'd', 'e'].map((name) => resident(name, { loadMs: 10_000 }));
    const residents = [resident('a', { loadMs: 12_000 }), ...cheap];
    const bytes = { a: 60, b: 10, c: 10, d: 10, e: 10 };
    expect(planRoom(question(residents, bytes, { need: 40 }))).toEqual({ type: 'evict', victims: ['a'] });
  });

  it.each<readonly [string, Partial<Resident>, number]>([
    [
      'half its load time after it was loaded, when nobody uses it',
      { readyAt: NOW - 1_000, usedAt: NOW - 1_000 },
      4_000,
    ],
    ['a moment after its last task, as there may be one more', { usedAt: NOW - 200 }, 800],
    ['after four times its load time while tasks wait for it', { readyAt: NOW - 30_000, waiting: 3 }, 10_000],
    ['after four times its load time while it works', { readyAt: NOW - 30_000, busy: 1 }, 10_000],
    ['after its load and its turn, when tasks wait for the load', { readyAt: undefined, waiting: 1 }, 50_000],
  ])('comes %s', (_when, facts, waitMs) => {
    const plan = planRoom(question([resident('a', facts)], { a: 60 }));
    expect(plan).toEqual({ type: 'wait', victims: ['a'], untilAt: NOW + waitMs });
  });

  it('comes at once from a load that nobody waits for any more', () => {
    const plan = planRoom(question([resident('a', { readyAt: undefined })], { a: 60 }));
    expect(plan).toEqual({ type: 'evict', victims: ['a'] });
  });

  it('comes from a model with work once its turn is over: nobody starves', () => {
    const working = resident('a', { readyAt: NOW - 40_000, busy: 2, waiting: 100 });
    expect(planRoom(question([working], { a: 60 }))).toEqual({ type: 'evict', victims: ['a'] });
  });

  it('comes from an idle model rather than from one with work', () => {
    const residents = [resident('a', { waiting: 1, loadMs: 5_000 }), resident('b', { usedAt: NOW - 5_000 })];
    expect(planRoom(question(residents, { a: 50, b: 50 }))).toEqual({ type: 'evict', victims: ['b'] });
  });

  it('has turns between the least that the operator wants and the most', () => {
    const turns = [1_000, 10_000, 100_000].map((loadMs) => turnMs(loadMs, { minLoadedMs: 9_000, maxTurnMs: 60_000 }));
    expect(turns).toEqual([9_000, 40_000, 60_000]);
  });
});

const RESIDENT = fc.record({
  busy: fc.nat({ max: 2 }),
  waiting: fc.nat({ max: 3 }),
  loadMs: fc.integer({ min: 100, max: 60_000 }),
  readyAt: fc.option(fc.integer({ min: NOW - 200_000, max: NOW }), { nil: undefined }),
  usedAt: fc.integer({ min: NOW - 200_000, max: NOW }),
  bytes: fc.integer({ min: 1, max: 40 }),
});

it.each([6, 14])(
  'any %i residents: whoever is chosen suffices, is needed, and is asked after its turn alone',
  (most) => {
    const cases = fc.record({
      drawn: fc.array(RESIDENT, { minLength: most - 4, maxLength: most }),
      need: fc.integer({ min: 1, max: 120 }),
    });
    fc.assert(
      fc.property(cases, ({ drawn, need }) => {
        const residents = drawn.map((one, at) => resident(`r${at}`, one));
        const bytes = Object.fromEntries(drawn.map((one, at) => [`r${at}`, one.bytes]));
        const asked = question(residents, bytes, { need, capacity: 100 });
        const plan = planRoom(asked);
        const all = new Set(residents.map((one) => one.id));
        expect(plan.type === 'impossible').toBe(!asked.fits(all));
        if (plan.type !== 'evict' && plan.type !== 'wait') return;
        const chosen = new Set(plan.victims);
        expect(asked.fits(chosen)).toBe(true);
        for (const victim of chosen)
          expect(asked.fits(new Set([...chosen].filter((one) => one !== victim)))).toBe(false);
        if (plan.type === 'wait') return void expect(plan.untilAt).toBeGreaterThan(NOW);
        for (const one of residents.filter((each) => chosen.has(each.id) && each.busy + each.waiting > 0)) {
          expect(one.readyAt === undefined ? 0 : one.readyAt + turnMs(one.loadMs, RULES)).toBeLessThanOrEqual(NOW);
          expect(one.readyAt === undefined && one.waiting > 0).toBe(false);
        }
      }),
      { seed: 20_251_121, numRuns: 500 },
    );
  },
);
