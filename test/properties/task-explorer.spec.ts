import { type FullPolicy } from '../../src/scheduling/core/model.js';
import { TaskWorld } from './support/task-world.js';

interface Place {
  /** Names of the choices that led here. */
  readonly path: readonly string[];
  readonly over: boolean;
  /** Places that lead here by themselves. */
  readonly from: string[];
}

const MOST_PLACES = 50_000;

/** The core cannot be copied, so each place is reached by walking its path anew; the model checks every step. */
function walk(policy: FullPolicy, path: readonly string[]): TaskWorld {
  const world = new TaskWorld(policy);
  for (const name of path)
    world
      .choices()
      .find((choice) => choice.name === name)!
      .happen();
  return world;
}

function explore(policy: FullPolicy): Map<string, Place> {
  const start = new TaskWorld(policy);
  const places = new Map<string, Place>([[start.fingerprint, { path: [], over: false, from: [] }]]);
  for (const [print, { path }] of places) {
    const names = walk(policy, path).choices();
    for (const { name, byItself } of names) {
      const there = step(policy, [...path, name]);
      const known = places.get(there.fingerprint) ?? { path: [...path, name], over: there.over, from: [] };
      places.set(there.fingerprint, known);
      if (byItself) known.from.push(print);
    }
    if (places.size > MOST_PLACES) throw new Error(`more than ${MOST_PLACES} places; something grows without end`);
  }
  return places;
}

function step(policy: FullPolicy, path: readonly string[]): TaskWorld {
  try {
    return walk(policy, path);
  } catch (error) {
    throw new Error(`after ${path.join(' → ')}`, { cause: error });
  }
}

/** Places from which no sequence of moves, none of them by a caller, ends everything. */
function stuck(places: Map<string, Place>): string[] {
  const good = new Set([...places].filter(([, { over }]) => over).map(([print]) => print));
  for (const print of good) for (const before of places.get(print)!.from) good.add(before);
  return [...places].filter(([print]) => !good.has(print)).map(([, { path }]) => path.join(' → '));
}

describe('every interleaving of two tasks, two replicas and one crash', () => {
  it.each(['reject', 'drop-lru', 'shed-low-priority'] as const)(
    'keeps the invariants and can always come to an end, with %s (ORCH-4952, ORCH-4201, ORCH-4505, OC-CORE-1005)',
    (policy) => {
      const places = explore(policy);
      expect(places.size).toBeGreaterThan(1_000);
      expect([...places.values()].filter(({ over }) => over).length).toBeGreaterThan(10);
      expect(stuck(places)).toEqual([]);
    },
  );
});
