import fc from 'fast-check';
import leastLoaded from '@llama-orch/placement-least-loaded';
import mostFreeVram from '@llama-orch/placement-most-free-vram';
import predictedFinish from '@llama-orch/placement-predicted-finish';
import roundRobin from '@llama-orch/placement-round-robin';
import { type PlacementStrategy, type PlacementStrategyPlugin, fitMostFree } from '@llama-orch/plugin-sdk';
import { replicaId } from '../../src/kernel/ids.js';
import { type CorePool } from '../../src/scheduling/core/model.js';
import { candidatesOf, place } from '../../src/scheduling/core/placement.js';
import { corePool } from './support/core-model.js';

const noLog = { log: () => {} };
const made = (plugin: PlacementStrategyPlugin) => plugin.create({}, noLog) as PlacementStrategy;
const STRATEGIES = [leastLoaded, mostFreeVram, predictedFinish, roundRobin].map(
  (plugin) => [plugin.id, plugin] as const,
);
const SETUP = { capacity: 9, classCapacity: { interactive: 9, batch: 9 }, batchMaxWaitMs: 0, slots: [] } as const;

const bytes = fc.integer({ min: 0, max: 48 }).map((gib) => (gib / 2) * 2 ** 30);
const rates = fc.record({
  prefillTps: fc.double({ min: 1, max: 1e5, noNaN: true }),
  decodeTps: fc.double({ min: 0.1, max: 1e3, noNaN: true }),
  slowdown: fc.double({ min: 0, max: 1, noNaN: true }),
  uncertainty: fc.double({ min: 0, max: 1, noNaN: true }),
});
const replica = fc.record({
  slots: fc.integer({ min: 1, max: 6 }),
  busyShare: fc.integer({ min: 0, max: 6 }),
  ready: fc.boolean(),
  dispatches: fc.nat(9),
  freeVramBytes: fc.option(bytes, { nil: undefined }),
  rates: fc.option(rates, { nil: undefined }),
  zone: fc.constantFrom('a', 'b'),
});
const situation = fc.record({
  replicas: fc.array(replica, { maxLength: 12 }),
  size: fc.option(fc.record({ promptTokens: fc.nat(9_000), expectedTokens: fc.nat(900) }), { nil: undefined }),
  wish: fc.option(fc.nat(13), { nil: undefined }),
  affinityMaxLoad: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
});
type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

function poolIn({ replicas }: Situation, strategy: PlacementStrategy): CorePool {
  const pool = { ...corePool(0, { ...SETUP, fullPolicy: { interactive: 'reject', batch: 'reject' } }), strategy };
  replicas.forEach(({ busyShare, zone, ...facts }, at) => {
    const id = replicaId(pool.id, at);
    const busy = Math.min(busyShare, facts.slots);
    pool.replicas.set(id, { id, epoch: 1, interruptible: false, labels: { zone }, busy, ...facts });
  });
  return pool;
}

function placedIn(given: Situation, strategy: PlacementStrategy) {
  const pool = poolIn(given, strategy);
  const candidates = candidatesOf(pool);
  const { size, affinityMaxLoad } = given;
  const wish = given.wish === undefined ? undefined : replicaId(pool.id, given.wish);
  const item = { taskId: 't', priority: 'interactive', enqueuedAt: 0 } as const;
  const isOffered = (id: string) => candidates.some((one) => one.replicaId === id);
  const placement = place({ item, size, candidates, wish, affinityMaxLoad }, strategy, isOffered);
  return { placement, chosen: placement && pool.replicas.get(placement.replicaId as never) };
}

type Fit = NonNullable<PlacementStrategy['fit']>;
const FITS: readonly (readonly [string, Fit])[] = [
  ['the host', fitMostFree],
  ...STRATEGIES.flatMap(([id, plugin]): (readonly [string, Fit])[] => {
    const strategy = made(plugin);
    return strategy.fit === undefined ? [] : [[id, (needs, given) => strategy.fit!(needs, given)]];
  }),
];

/** Answers as bad as foreign code can give them. */
const nonsense = fc.oneof(
  fc.array(
    fc.record({
      replicaId: fc.constantFrom('pool-0-0', 'pool-0-1', 'pool-0-7', 'elsewhere'),
      score: fc.double(),
      why: fc.string(),
    }),
  ),
  fc.array(fc.anything()),
  fc.anything(),
);

const footprint = fc.record(
  {
    weightsBytes: bytes,
    kvBytes: bytes,
    tensorSplit: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { maxLength: 5 }),
  },
  { requiredKeys: ['weightsBytes', 'kvBytes'] },
);
const gpus = fc
  .array(fc.record({ total: bytes, used: bytes }), { maxLength: 5 })
  .map((all) =>
    all.map(({ total, used }, at) => ({ index: at * 2, vramTotalBytes: total, freeBytes: Math.max(0, total - used) })),
  );

describe('placement', () => {
  it.each(STRATEGIES)(
    'by %s is pure, and never on a replica that is not Ready or full (P-05, OC-CORE-1010)',
    (_, plugin) => {
      fc.assert(
        fc.property(situation, (given) => {
          const [once, again] = [placedIn(given, made(plugin)), placedIn(given, made(plugin))];
          expect(again.placement).toEqual(once.placement);
          const anyFree = given.replicas.some(({ ready, slots, busyShare }) => ready && busyShare < slots);
          expect(once.placement !== undefined).toBe(anyFree);
          if (anyFree) expect(once.chosen).toMatchObject({ ready: true });
          if (anyFree) expect(once.chosen!.busy).toBeLessThan(once.chosen!.slots);
        }),
        { numRuns: 200 },
      );
    },
  );

  it('refuses an answer outside the candidates, whatever it is (P-05, OC-CORE-1010)', () => {
    fc.assert(
      fc.property(situation, nonsense, (given, answer) => {
        const { placement, chosen } = placedIn(given, { rank: () => answer as never });
        if (placement === undefined) return;
        expect(chosen).toMatchObject({ ready: true });
        expect(chosen!.busy).toBeLessThan(chosen!.slots);
      }),
      { numRuns: 500 },
    );
  });

  it.each(FITS)(
    'of a new replica by %s stays inside the mask and below the memory there is (P-05, OC-CORE-1011, ORCH-3052)',
    (_, fit) => {
      fc.assert(
        fc.property(footprint, gpus, (needs, given) => {
          const chosen = fit(needs, given);
          const whole = needs.weightsBytes + needs.kvBytes;
          const room = (place: number, share = 1) => given[place]!.freeBytes >= whole * share;
          if (chosen === undefined) {
            const { tensorSplit } = needs;
            const some = tensorSplit === undefined && given.some((_gpu, place) => room(place));
            const all =
              tensorSplit?.length === given.length &&
              given.length > 0 &&
              tensorSplit.every((share, place) => room(place, share));
            expect(some || all).toBe(false);
            return;
          }
          expect(chosen).toHaveLength(needs.tensorSplit?.length ?? 1);
          chosen.forEach((index, at) => {
            const place = given.findIndex((gpu) => gpu.index === index);
            expect(place).toBeGreaterThanOrEqual(0);
            expect(room(place, needs.tensorSplit?.[at])).toBe(true);
          });
        }),
        { numRuns: 500 },
      );
    },
  );
});
