import { type Caller, PromisedPlaces } from './promised-places.js';

const named = (call: string, priority: Caller['priority'] = 'interactive'): Caller => ({ call, client: 'c', priority });
const anonymous = (client = 'c'): Caller => ({ call: undefined, client, priority: 'interactive' });

describe('promised places', () => {
  it('are kept from those who were promised none (ORCH-4304)', () => {
    const places = new PromisedPlaces(8);
    places.promise(named('a'), 1000);
    places.promise(named('b', 'batch'), 2000);
    expect(places.heldFrom(named('x'), 0)).toEqual({ all: 2, ofClass: 1 });
    expect(places.heldFrom(anonymous(), 0)).toEqual({ all: 2, ofClass: 1 });
  });

  it('are open to their holder, behind those that are due before (ORCH-4304)', () => {
    const places = new PromisedPlaces(8);
    for (const [call, dueAt] of [
      ['a', 1000],
      ['b', 2000],
      ['c', 3000],
    ] as const)
      places.promise(named(call), dueAt);
    expect(['a', 'b', 'c'].map((call) => places.heldFrom(named(call), 900).all)).toEqual([0, 1, 2]);
  });

  it('end when they are redeemed, or two seconds after they were due (ORCH-4304)', () => {
    const places = new PromisedPlaces(8);
    places.promise(named('a'), 1000);
    places.promise(named('b'), 1000);
    places.redeem(named('a'), 900);
    expect(places.outstanding(1000)).toBe(1);
    expect([places.outstanding(3000), places.outstanding(3001)]).toEqual([1, 0]);
    places.redeem(named('never promised'), 3001);
  });

  it('tell a caller who asks too early the same time again (ORCH-4304)', () => {
    const places = new PromisedPlaces(8);
    places.promise(named('a'), 1000);
    expect([places.dueAt(named('a'), 500), places.dueAt(named('b'), 500), places.dueAt(anonymous(), 500)]).toEqual([
      1000,
      undefined,
      undefined,
    ]);
  });

  it('go to any call of the same client once due, when calls have no names (ORCH-4304)', () => {
    const places = new PromisedPlaces(8);
    places.promise(anonymous('c'), 1000);
    expect(places.heldFrom(anonymous('c'), 500).all).toBe(1);
    expect(places.heldFrom(anonymous('c'), 960).all).toBe(0);
    expect(places.heldFrom(anonymous('other'), 1000).all).toBe(1);
    places.redeem(anonymous('c'), 1000);
    expect(places.outstanding(1000)).toBe(0);
  });

  it('are bounded (ORCH-4304)', () => {
    const places = new PromisedPlaces(2);
    expect(['a', 'b', 'c'].map((call) => places.promise(named(call), 1000))).toEqual([true, true, false]);
  });

  it('are over for a caller who came as told in vain, but not for those who are still to come (ORCH-4304)', () => {
    const places = new PromisedPlaces(8);
    for (const dueAt of [1000, 1040]) places.promise(anonymous(), dueAt);
    places.cameInVain(anonymous(), 990);
    expect(places.outstanding(990)).toBe(2);
    places.cameInVain(anonymous(), 1000);
    expect(places.outstanding(1000)).toBe(1);
    places.promise(named('a'), 1000);
    places.cameInVain(named('a'), 900);
    expect(places.dueAt(named('a'), 900)).toBe(1000);
    places.cameInVain(named('a'), 1001);
    expect(places.dueAt(named('a'), 1001)).toBeUndefined();
  });

  it('are no longer kept in numbers for a client that lets them lapse, until it comes as told (ORCH-4304)', () => {
    const places = new PromisedPlaces(1000);
    for (let index = 0; index < 4; index++) places.promise(named(`lapsed ${index}`), 1000);
    for (let index = 0; index < 400; index++) places.promise(named(`ghost ${index}`), 50_000);
    places.promise({ ...named('other'), client: 'd' }, 50_000);
    expect([places.outstanding(3000), places.outstanding(3001)]).toEqual([405, 1]);
    expect(['a', 'b'].map((call) => places.promise(named(call), 4000))).toEqual([true, false]);
    places.redeem(named('a'), 4000);
    expect(['c', 'd'].map((call) => places.promise(named(call), 5000))).toEqual([true, true]);
  });
});
