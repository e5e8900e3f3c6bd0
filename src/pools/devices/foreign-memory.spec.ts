import { isEngineError } from '@llama-orch/plugin-sdk';
import { type DevicesRigOptions, devicesOf, devicesRig, THE_TWO } from '../../../test/support/devices-rig.js';
import { type FakeCard, GIB } from '../../../test/support/fake-cards.js';
import { SeededRandom } from '../../kernel/random.js';
import { type Launch } from '../launch.js';

const LOADS = 1_000;
const TICK_MS = 50;
/** What another program takes at most in a second: an allocation in one go lies beyond anybody's sight. */
const FOREIGN_PER_S = GIB;
/** GiB of the models. */
const MODELS = [6, 8, 10, 14];
/** What each really takes, relative to what the operator says. */
const REALLY = [1.04, 0.85, 1, 0.9];

/** A load as an engine does it: its process starts, then it takes the weights, then the cache. Each number is a moment in ms. */
interface Engine {
  readonly pid: number;
  readonly card: FakeCard;
  readonly launch: Launch;
  readonly bytes: number;
  readonly weightsAt: number;
  readonly cacheAt: number;
  readonly endAt: number;
  taken: 'nothing' | 'weights' | 'all';
}

/** Loads models on both cards, over and over, while other programs come and go. */
async function loadsBesideOthers(options: DevicesRigOptions, seed: number) {
  const cards = THE_TWO();
  const world = await devicesRig({ cards, ...options });
  const random = new SeededRandom(seed);
  const between = (least: number, most: number) => least + random.next() * (most - least);
  const pools = await Promise.all(
    MODELS.map((footprint_gib) => world.pool(`m${footprint_gib}`, { footprint_gib, replicas: 1 })),
  );
  const result = { loaded: 0, refused: 0, ranOut: 0, onCard: [0, 0] };
  const engines = new Map<number, Engine>();
  const targets = cards.map(() => 0);

  const begin = async (place: number): Promise<void> => {
    try {
      const launch = await world.launch(pools[place]!);
      const [index] = devicesOf(launch.endpoint) as [number];
      const weightsAt = world.clock.now() + between(50, 300);
      const cacheAt = weightsAt + between(50, 200);
      const bytes = MODELS[place]! * REALLY[place]! * GIB * between(0.98, 1.02);
      const endAt = cacheAt + between(500, 4000);
      engines.set(place, { pid: 100 + place, card: cards[index]!, launch, bytes, weightsAt, cacheAt, endAt, taken: 'nothing' }); // prettier-ignore
      result.onCard[index]!++;
    } catch (error) {
      if (!isEngineError(error) || error.reason !== 'no_vram') throw error;
      result.refused++;
    }
  };
  const end = async (place: number, { card, launch, pid }: Engine) => {
    engines.delete(place);
    card.free(pid);
    await launch.end();
  };
  const proceed = async (place: number, engine: Engine) => {
    const now = world.clock.now();
    try {
      if (engine.taken === 'nothing' && now >= engine.weightsAt) {
        engine.card.allocate(engine.pid, engine.bytes * 0.8);
        engine.taken = 'weights';
      }
      if (engine.taken === 'weights' && now >= engine.cacheAt) {
        engine.card.allocate(engine.pid, engine.bytes * 0.2);
        engine.taken = 'all';
        engine.launch.loaded!();
        result.loaded++;
      }
      if (now >= engine.endAt) await end(place, engine);
    } catch (error) {
      if (!isEngineError(error) || error.memory !== 'vram') throw error;
      result.ranOut++;
      engine.launch.failed!(error);
      await end(place, engine);
    }
  };

  const asking = new Set<number>();
  while (result.loaded + result.ranOut < LOADS && world.clock.now() < 36_000_000) {
    for (const [place, card] of cards.entries()) {
      if (random.next() < 0.02) targets[place] = random.next() * card.device.vramTotalBytes * 0.9;
      const step = (FOREIGN_PER_S * TICK_MS) / 1000;
      card.setForeign(Math.min(targets[place]!, card.foreignBytes + step));
    }
    for (const [place, engine] of [...engines]) await proceed(place, engine);
    for (const place of MODELS.keys()) {
      if (engines.has(place) || asking.has(place) || random.next() > 0.1) continue;
      asking.add(place);
      void begin(place).finally(() => asking.delete(place));
    }
    await world.clock.advance(TICK_MS);
  }
  while (asking.size > 0) await world.clock.advance(TICK_MS);
  for (const [place, engine] of [...engines]) await end(place, engine);
  return { ...result, world };
}

describe('A thousand loads beside programs that take and give back memory as they like', () => {
  it.each([
    ['where the driver names processes', { namesProcesses: true }],
    ['where it knows only sums', {}],
  ])('never run out of memory, %s (ORCH-3003-v31, ORCH-1103)', async (_where, options) => {
    const { loaded, onCard, ranOut, refused, world } = await loadsBesideOthers(options, 7);
    expect([loaded, ranOut]).toEqual([LOADS, 0]);
    // Others left room for some starts and not for others, on both cards.
    expect(refused).toBeGreaterThan(100);
    expect(Math.min(...onCard)).toBeGreaterThan(100);
    await world.clock.advance(60_000);
    for (const { room, sample } of world.devices.all) {
      expect(room!.predictedBytes).toBe(0);
      expect(room!.foreignBytes).toBeCloseTo(sample!.vramUsedBytes);
    }
  });

  it('do run out of memory where nobody looks', async () => {
    expect((await loadsBesideOthers({ isBlind: true }, 7)).ranOut).toBeGreaterThan(50);
  });
});
