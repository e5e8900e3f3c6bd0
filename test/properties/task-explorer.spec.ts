import { type FullPolicy, type SchedulerCommand } from '../../src/scheduling/core/model.js';
import { TaskWorld } from './support/task-world.js';

interface Place {
  /** Names of the choices that led here. */
  readonly path: readonly string[];
  readonly over: boolean;
  /** Places that lead here by themselves. */
  readonly from: string[];
}

type Setup = ConstructorParameters<typeof TaskWorld>;

const MOST_PLACES = 50_000;

/** The core cannot be copied, so each place is reached by walking its path anew; the model checks every step. */
function walk(setup: Setup, path: readonly string[]): TaskWorld {
  const world = new TaskWorld(...setup);
  path.forEach((name, at) => {
    world.model.compares = at === path.length - 1;
    world
      .choices()
      .find((choice) => choice.name === name)!
      .happen();
  });
  return world;
}

function explore(setup: Setup): Map<string, Place> {
  const start = new TaskWorld(...setup);
  const places = new Map<string, Place>([[start.fingerprint, { path: [], over: false, from: [] }]]);
  for (const [print, { path }] of places) {
    const names = walk(setup, path).choices();
    for (const { name, byItself } of names) {
      const there = step(setup, [...path, name]);
      const known = places.get(there.fingerprint) ?? { path: [...path, name], over: there.over, from: [] };
      places.set(there.fingerprint, known);
      if (byItself) known.from.push(print);
    }
    if (places.size > MOST_PLACES) throw new Error(`more than ${MOST_PLACES} places; something grows without end`);
  }
  return places;
}

/** What budgets did on the way; a walk without it would show nothing of them. */
const moneyMatters = new Set<string>();

function step(setup: Setup, path: readonly string[]): TaskWorld {
  try {
    const world = walk(setup, path);
    for (const { commands } of world.model.history.slice(-2)) for (const command of commands) note(command);
    return world;
  } catch (error) {
    throw new Error(`after ${path.join(' → ')}`, { cause: error });
  }
}

function note(command: SchedulerCommand): void {
  if (command.type === 'refuse-budget') moneyMatters.add('refused');
  if (command.type === 'finish' && command.end.type === 'budget') moneyMatters.add('braked');
}

/** Places from which no sequence of moves, none of them by a caller, ends everything. */
function stuck(places: Map<string, Place>): string[] {
  const good = new Set([...places].filter(([, { over }]) => over).map(([print]) => print));
  for (const print of good) for (const before of places.get(print)!.from) good.add(before);
  return [...places].filter(([print]) => !good.has(print)).map(([, { path }]) => path.join(' → '));
}

describe('every interleaving of two tasks, two replicas, one budget and one crash', () => {
  // Of 5 the second task gets a part, of 4 nothing while the first one holds its share.
  it.each<readonly [policy: FullPolicy, cap: number, money: 'braked' | 'refused']>([
    ['reject', 5, 'braked'],
    ['drop-lru', 5, 'braked'],
    ['shed-low-priority', 5, 'braked'],
    ['reject', 4, 'refused'],
  ])(
    'keeps the invariants and can always come to an end, with %s and a budget of %i (ORCH-4952, ORCH-4201, ORCH-4407, ORCH-4505, OC-CORE-1005)',
    (policy, cap, money) => {
      moneyMatters.clear();
      const places = explore([policy, cap]);
      expect(places.size).toBeGreaterThan(3_000);
      expect([...places.values()].filter(({ over }) => over).length).toBeGreaterThan(10);
      expect(stuck(places)).toEqual([]);
      expect([...moneyMatters]).toContain(money);
    },
  );

  it('keeps them when running batch work is suspended for interactive work (ORCH-4952, ORCH-3086, ORCH-4505)', () => {
    const places = explore(['reject', 5, { mode: 'hard', mostPerMinute: 2, protect: ['interactive'] }]);
    expect(places.size).toBeGreaterThan(3_000);
    expect([...places.keys()].some((print) => print.includes('"suspending"'))).toBe(true);
    expect(stuck(places)).toEqual([]);
  });

  it('keeps them while the pool drains, opens again and gets another model (ORCH-4952, ORCH-2101, ORCH-3031, ORCH-4505)', () => {
    const places = explore(['reject', 6, undefined, true]);
    expect(places.size).toBeGreaterThan(3_000);
    expect(stuck(places)).toEqual([]);
  });

  it('keeps them when answers of a lost engine go on, here or elsewhere (ORCH-4952, ORCH-4211, ORCH-4201, ORCH-4505)', () => {
    const places = explore(['reject', 6, undefined, false, { most: 1, elsewhere: true }]);
    expect(places.size).toBeGreaterThan(3_000);
    expect([...places.keys()].some((print) => print.includes('["a","queued",false,true,1]'))).toBe(true);
    expect(stuck(places)).toEqual([]);
  });
});
