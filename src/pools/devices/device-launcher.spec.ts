import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, isEngineError } from '@llama-orch/plugin-sdk';
import { type DevicesRigOptions, devicesOf, devicesRig } from '../../../test/support/devices-rig.js';
import { FakeCard, GIB } from '../../../test/support/fake-cards.js';
import { gguf } from '../../../test/support/gguf.js';
import { type Launch } from '../launch.js';
import { reasonOf } from '../failure.js';

const rig = (options: DevicesRigOptions = {}) => devicesRig(options);
type Rig = Awaited<ReturnType<typeof devicesRig>>;

const freeGib = ({ devices }: Rig) => devices.all.map(({ room }) => room!.freeBytes / GIB);

async function refused(launching: Promise<Launch>): Promise<EngineError> {
  const outcome = await launching.catch((error: unknown) => error);
  if (!isEngineError(outcome)) throw new Error('the start was not refused');
  return outcome;
}

/** Lets time pass until the promise has settled. */
async function inTime<Value>({ clock }: Rig, promise: Promise<Value>): Promise<Value> {
  let settled = false;
  void promise.finally(() => (settled = true)).catch(() => {});
  for (let steps = 0; !settled && steps < 1000; steps++) await clock.advance(100);
  return promise;
}

describe('A start of a replica', () => {
  it('is given the device with the most room within the mask (ORCH-3011, OC-CORE-1011, HME-010)', async () => {
    const world = await rig();
    const big = await world.pool('big', { footprint_gib: 14, replicas: 1 });
    const small = await world.pool('small', { footprint_gib: 8, replicas: 1 });
    const pinned = await world.pool('pinned', { footprint_gib: 2, devices: [1], replicas: 1 });
    expect(devicesOf((await world.launch(big)).endpoint)).toEqual([0]);
    expect(devicesOf((await world.launch(small)).endpoint)).toEqual([1]);
    expect(devicesOf((await world.launch(pinned)).endpoint)).toEqual([1]);
    expect(freeGib(world)).toEqual([10, 2]);
  });

  it('gives the memory back once, when everything is closed', async () => {
    const world = await rig();
    const pool = await world.pool('p', { footprint_gib: 10, replicas: 1 });
    const first = await world.launch(pool);
    await first.end();
    const second = await world.launch(pool);
    await first.end();
    expect(freeGib(world)).toEqual([14, 12]);
    await second.end();
    expect(freeGib(world)).toEqual([24, 12]);
  });

  it('gives the memory back when nothing could be started on it', async () => {
    const failing = { launch: () => Promise.reject(new EngineError('unavailable', 'no such program')) };
    const world = await rig({ launcher: failing });
    const pool = await world.pool('p', { footprint_gib: 10, replicas: 1 });
    expect((await refused(world.launch(pool))).message).toBe('no such program');
    expect(freeGib(world)).toEqual([24, 12]);
  });

  it('is refused with need, room and device when there is none (ORCH-3003-v31, OC-POOL-3002)', async () => {
    const world = await rig();
    world.cards[0]!.setForeign(20 * GIB);
    const error = await refused(world.launch(await world.pool('p', { footprint_gib: 12, replicas: 1 })));
    expect(error).toMatchObject({ code: 'out-of-memory', reason: 'no_vram', memory: 'vram' });
    expect(error.message).toBe(
      'replica p-0 needs 13.2 GiB of GPU memory; free are 4.0 GiB of 24.0 GiB on GPU 0, 12.0 GiB of 12.0 GiB on GPU 1; ' +
        'free memory, lower ctx or slots, or choose smaller weights',
    );
    expect(reasonOf(error)).toBe('too_little_memory');
  });

  it('never spills to the CPU: without a GPU the pool cannot start (ORCH-3018, OC-POOL-3012, ORCH-1102)', async () => {
    const world = await rig({ cards: [] });
    const error = await refused(world.launch(await world.pool('p')));
    expect([error.code, error.reason, reasonOf(error)]).toEqual(['unavailable', 'no_gpu', 'no_gpu']);
    expect(error.message).toContain('pool p needs a GPU, and this machine shows none');
    const masked = await rig();
    const pool = await masked.pool('q', { devices: [1] });
    masked.probe.cards = masked.cards.slice(0, 1);
    masked.probe.failure = new Error('lost');
    await masked.clock.advance(1000);
    masked.probe.failure = undefined;
    expect((await refused(masked.launch(pool))).message).toContain(
      'needs one of the GPUs 1, and this machine shows 1 others',
    );
  });

  it('looks right before it claims, so it sees what others took since (ORCH-3003-v31)', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'card', 24)] });
    const pool = await world.pool('p', { footprint_gib: 10, replicas: 1 });
    world.cards[0]!.setForeign(20 * GIB);
    expect((await refused(world.launch(pool))).reason).toBe('no_vram');
    world.cards[0]!.setForeign(0);
    expect(devicesOf((await world.launch(pool)).endpoint)).toEqual([0]);
  });

  it('waits for a load that may be what the device shows already, and not for others', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'card', 24)] });
    const [one, two] = [
      await world.pool('one', { footprint_gib: 12, replicas: 1 }),
      await world.pool('two', { footprint_gib: 8, replicas: 1 }),
    ];
    const first = await world.launch(one);
    world.cards[0]!.allocate(7, 12 * GIB);
    await world.clock.advance(1000);
    const second = world.launch(two);
    let got: Launch | undefined;
    void second.then((launch) => (got = launch));
    await world.clock.advance(3000);
    expect(got).toBeUndefined();
    first.loaded!();
    await world.clock.advance(1000);
    expect(got).toBeDefined();
    world.cards[0]!.setForeign(4 * GIB);
    const third = await world.pool('three', { footprint_gib: 5, replicas: 1 });
    expect((await refused(world.launch(third))).reason).toBe('no_vram');
  });

  it('waits for memory that an ended engine gives back, for a while', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'card', 24)] });
    const pool = await world.pool('p', { footprint_gib: 16, replicas: 1 });
    const first = await world.launch(pool);
    world.cards[0]!.allocate(7, 16 * GIB);
    first.loaded!();
    await world.clock.advance(1000);
    await first.end();
    const second = world.launch(pool);
    await world.clock.advance(1000);
    world.cards[0]!.free(7);
    expect(devicesOf((await inTime(world, second)).endpoint)).toEqual([0]);
    world.cards[0]!.setForeign(24 * GIB);
    await (await second).end();
    const stuck = inTime(world, world.launch(pool));
    expect((await refused(stuck)).reason).toBe('no_vram');
  });

  it('is called off while it waits', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'card', 24)] });
    const pool = await world.pool('p', { footprint_gib: 10, replicas: 2 });
    await world.launch(pool);
    world.cards[0]!.allocate(7, 9 * GIB);
    const stop = new AbortController();
    const waiting = refused(world.launch(pool, 1, stop.signal));
    await world.clock.advance(600);
    stop.abort();
    await world.clock.advance(1000);
    expect((await waiting).message).toBe('the start was called off');
    expect(freeGib(world)).toEqual([5]);
  });

  it('gives each replica a device of its own unless it is told how many there are (ORCH-4503)', async () => {
    const world = await rig();
    const pool = await world.pool('p', { footprint_gib: 8 });
    expect(pool.replicas.length).toBe(2);
    const launches = await Promise.all([world.launch(pool, 0), world.launch(pool, 1)]);
    expect(launches.flatMap(({ endpoint }) => devicesOf(endpoint)).toSorted()).toEqual([0, 1]);
  });

  it('takes the most room when nobody knows what it needs, and knows the next time', async () => {
    const world = await rig({ namesProcesses: true });
    const pool = await world.pool('p', { replicas: 1 });
    const first = await world.launch(pool);
    expect(devicesOf(first.endpoint)).toEqual([0]);
    world.cards[0]!.setForeign(2 * GIB);
    world.cards[0]!.allocate(7, 9 * GIB);
    await world.clock.advance(100);
    first.loaded!();
    await world.clock.advance(1000);
    world.cards[0]!.free(7);
    await first.end();
    await world.clock.advance(6000);
    await world.launch(pool);
    expect(freeGib(world)).toEqual([13, 12]);
  });

  it('expects less of a device on which an engine ran out of memory (ORCH-3039, OC-POOL-3030)', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'card', 20)] });
    const pool = await world.pool('p', { footprint_gib: 16.5, replicas: 1 });
    const first = await world.launch(pool);
    first.failed!(new EngineError('out-of-memory', 'cudaMalloc failed', { memory: 'vram' }));
    await first.end();
    expect(freeGib(world)).toEqual([18]);
    expect((await refused(world.launch(pool))).reason).toBe('no_vram');
    const small = await world.launch(await world.pool('small', { footprint_gib: 4, replicas: 1 }));
    small.failed!(new EngineError('reset', 'it crashed'));
    small.loaded!();
    await small.end();
    expect(freeGib(world)).toEqual([20]);
  });

  it.each([
    ['driver_reset', { resets: 1 }, 'GPU 1 was reset by its driver; what ran on it is lost'],
    ['ecc_error', { eccErrors: 2 }, 'GPU 1 has uncorrected memory errors; what ran on it is lost'],
  ])('is lost with its device: %s (ORCH-3053, OC-POOL-3010)', async (reason, fault, message) => {
    const world = await rig();
    const [one, two] = [
      await world.pool('a', { devices: [0], replicas: 1 }),
      await world.pool('b', { devices: [1], replicas: 1 }),
    ];
    const [safe, hit] = [await world.launch(one), await world.launch(two)];
    let lost = 0;
    void safe.lost!.then(() => lost++);
    world.probe.faults[1] = fault;
    await world.clock.advance(1000);
    expect(await hit.lost).toMatchObject({ code: 'reset', reason, message });
    expect(lost).toBe(0);
  });

  it('goes by the declaration and the claims while the driver is gone (ORCH-4506)', async () => {
    const world = await rig();
    world.cards[0]!.setForeign(10 * GIB);
    await world.clock.advance(1000);
    const pool = await world.pool('p', { footprint_gib: 16, devices: [0], replicas: 1 });
    world.probe.failure = new Error('Driver/library version mismatch');
    await world.clock.advance(20_000);
    expect((await refused(world.launch(pool))).reason).toBe('no_vram');
    await world.clock.advance(11_000);
    expect(freeGib(world)).toEqual([24, 12]);
    await world.launch(pool);
    expect(freeGib(world)).toEqual([8, 12]);
  });

  it('leaves engines that run elsewhere alone', async () => {
    const world = await rig();
    const pool = await world.pool('p', { endpoint: 'http://127.0.0.1:1', devices: [1] });
    const launch = await world.launch(pool);
    expect([launch.endpoint.devices, freeGib(world)]).toEqual([undefined, [24, 12]]);
    expect(world.devices.freeBytesOf(pool, 'p-0')).toBe(12 * GIB);
  });
});

describe('A model that is spread over several devices', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-split-'));
  const path = join(folder, 'm.gguf');
  // 128 layers × 64 heads × 256 numbers × 2 bytes: 4 MiB for a token.
  writeFileSync(path, gguf([
    ['general.architecture', 'string', 'a'], ['a.block_count', 'u32', 128], ['a.context_length', 'u32', 131_072],
    ['a.attention.head_count', 'u32', 64], ['a.attention.key_length', 'u32', 128], ['a.attention.value_length', 'u32', 128],
  ])); // prettier-ignore
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('takes its share of each, and says so to the engine (ORCH-3012-v31, ORCH-3052)', async () => {
    const world = await rig();
    const pool = await world.pool('p', { footprint_gib: 30, tensor_split: [0.7, 0.3] });
    const { endpoint } = await world.launch(pool);
    expect([devicesOf(endpoint), endpoint.tensorSplit]).toEqual([
      [0, 1],
      [0.7, 0.3],
    ]);
    expect(freeGib(world).map((free) => Math.round(free * 10) / 10)).toEqual([3, 3]);
    const even = await rig({ cards: [0, 1].map((index) => new FakeCard(index, 'twin', 12)) });
    const twins = await even.pool('q', { footprint_gib: 10, homogeneous: true });
    expect((await even.launch(twins)).endpoint.tensorSplit).toEqual([0.5, 0.5]);
  });

  it('has a cache that its smallest device can carry, and says so (ORCH-3052-v31, OC-POOL-3021)', async () => {
    const world = await rig();
    const pool = await world.pool('p', { model: `file:${path}`, tensor_split: [0.5, 0.5], slots: 8, ctx: 4096 });
    const { endpoint } = await world.launch(pool);
    // 12 GiB / 1.1 / 0.5 carry 5585 tokens: one slot of 4096.
    expect([endpoint.slots, endpoint.contextTokens]).toEqual([1, 4096]);
    expect(world.devices.capOf(pool)).toEqual({ slots: 1, contextTokens: 4096 });
    expect(world.logger.of('pool_state').map(({ message }) => message)).toEqual([
      'pool p has 1 slots of 4096 tokens, so that its smallest GPU can carry its share',
    ]);
  });

  it('stays as configured where the smallest device carries it', async () => {
    const world = await rig();
    const pool = await world.pool('p', { model: `file:${path}`, tensor_split: [0.5, 0.5], slots: 1, ctx: 1024 });
    const { endpoint } = await world.launch(pool);
    expect([endpoint.slots, endpoint.contextTokens, world.devices.capOf(pool)]).toEqual([1, 1024, undefined]);
  });

  it('is refused at the start when no cache fits, as are devices that are not there (ORCH-3052)', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'a', 24), new FakeCard(1, 'b', 1)] });
    const split = world.pool('p', { model: `file:${path}`, tensor_split: [0.5, 0.5] });
    await expect(split).rejects.toThrow('pool p: with this split its smallest GPU cannot carry its share of the model');
    await expect(world.pool('q', { devices: [3] })).rejects.toThrow('pool q: devices names GPU 3');
  });
});

describe('A start on the CPU', () => {
  it('is refused when the memory of the host does not suffice (ORCH-3003-v31, ORCH-3039)', async () => {
    const world = await rig();
    const pool = await world.pool('p', { device: 'cpu', footprint_gib: 14, replicas: 2 });
    const first = await world.launch(pool);
    expect(first.endpoint.devices).toBeUndefined();
    const error = await refused(world.launch(pool, 1));
    expect(error).toMatchObject({ code: 'out-of-memory', reason: 'no_ram', memory: 'host' });
    expect(error.message).toContain('replica p-1 needs 15.4 GiB of memory; free are 2.0 GiB');
    await first.end();
    await (await world.launch(pool, 1)).end();
    world.host.memory = { ...world.host.memory, availableBytes: 15 * GIB };
    await world.clock.advance(6000);
    expect((await refused(world.launch(pool))).reason).toBe('no_ram');
  });

  it('goes ahead when nobody knows what it needs', async () => {
    const world = await rig();
    world.host.memory = { totalBytes: GIB, availableBytes: 0 };
    await world.launch(await world.pool('p', { device: 'cpu' }));
  });
});

describe('Who asks for room', () => {
  it('learns whether a start would fit if others were gone', async () => {
    const world = await rig({ cards: [new FakeCard(0, 'card', 24)] });
    const [one, two] = [await world.pool('one', { footprint_gib: 14 }), await world.pool('two', { footprint_gib: 18 })];
    await world.launch(one);
    const { id } = one.replicas[0]!;
    const fits = (gone: readonly (typeof id)[]) => world.devices.wouldFit(two, two.replicas[0]!.id, new Set(gone));
    expect([fits([]), fits([id])]).toEqual([false, true]);
    world.cards[0]!.setForeign(23 * GIB);
    await world.clock.advance(1000);
    expect(fits([id])).toBe(false);
  });

  it('learns whose memory is the same', async () => {
    const world = await rig();
    const make = (id: string, config: object) => world.pool(id, { ...config });
    const [first, second, all] = [
      await make('a', { devices: [0] }),
      await make('b', { devices: [1] }),
      await make('c', {}),
    ];
    const [cpu, other] = [await make('d', { device: 'cpu' }), await make('e', { device: 'cpu' })];
    const { devices } = world;
    expect([devices.meet(first, second), devices.meet(first, all), devices.meet(all, second)]).toEqual([
      false,
      true,
      true,
    ]);
    expect([devices.meet(cpu, other), devices.meet(cpu, all), devices.meet(all, cpu)]).toEqual([true, false, false]);
  });

  it('is told of the memory and the kind of the devices of its replicas (OC-CORE-1012)', async () => {
    const world = await rig();
    const pool = await world.pool('p', { footprint_gib: 8 });
    const told: string[] = [];
    world.devices.watch([pool], (_pool, replica) => told.push(replica.id));
    await Promise.all([world.launch(pool, 0), world.launch(pool, 1)]);
    await world.clock.advance(1000);
    expect(told).toEqual(['p-0', 'p-1']);
    expect(pool.replicas.map(({ deviceKind, freeVramBytes }) => [deviceKind, freeVramBytes! / GIB])).toEqual([
      ['RTX 3090', 16],
      ['RTX 3060', 4],
    ]);
    await world.clock.advance(5000);
    expect(told.length).toBe(2);
    expect(pool.replicas[1]!.gpus).toEqual([
      { device: 1, utilization: 50, vram_used_bytes: 0, vram_total_bytes: 12 * GIB },
    ]);
    world.probe.failure = new Error('gone');
    await world.clock.advance(32_000);
    expect(pool.replicas[1]!.gpus).toEqual([]);
  });
});
