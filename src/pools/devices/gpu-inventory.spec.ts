import { type GpuDevice, type GpuProbe, type GpuSample } from '@llama-orch/plugin-sdk';
import { FakeClock, settle } from '../../../test/support/fake-clock.js';
import { QuietLogger } from '../../../test/support/quiet-logger.js';
import { type DeviceFault, GpuInventory } from './gpu-inventory.js';

const GIB = 1024 ** 3;

function gpu(index: number): GpuDevice {
  return { id: `GPU-${index}`, index, name: `card ${index}`, vramTotalBytes: 24 * GIB };
}

/** A probe that says what a test says, and counts how it is called. */
class ScriptedProbe implements GpuProbe {
  devices: readonly GpuDevice[] = [gpu(0), gpu(1)];
  used = 1;
  more: Partial<GpuSample> = {};
  /** Each call throws it, while it is there. */
  failure: Error | undefined;
  /** Calls settle when a test lets them. */
  isHanging = false;
  private waiting: (() => void)[] = [];
  inventories = 0;
  samples = 0;
  atOnce = 0;
  mostAtOnce = 0;
  closes = 0;
  lastSignal: AbortSignal | undefined;

  inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    this.inventories++;
    return this.answer(signal, () => this.devices);
  }

  sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    this.samples++;
    return this.answer(signal, () => this.devices.map(({ id }) => ({ id, vramUsedBytes: this.used, ...this.more })));
  }

  async close(): Promise<void> {
    this.closes++;
  }

  letGo(): void {
    this.isHanging = false;
    for (const go of this.waiting.splice(0)) go();
  }

  private async answer<Value>(signal: AbortSignal, value: () => Value): Promise<Value> {
    this.lastSignal = signal;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    try {
      if (this.isHanging) await new Promise<void>((resolve) => this.waiting.push(resolve));
      if (this.failure !== undefined) throw this.failure;
      return value();
    } finally {
      this.atOnce--;
    }
  }
}

async function looking(prepare: (probe: ScriptedProbe) => void = () => {}) {
  const clock = new FakeClock();
  const logger = new QuietLogger();
  const probe = new ScriptedProbe();
  const driver: { probe: GpuProbe | undefined; opens: number } = { probe, opens: 0 };
  prepare(probe);
  const open = () => {
    driver.opens++;
    return Promise.resolve(driver.probe);
  };
  const inventory = new GpuInventory({ clock, logger, open }, 1000);
  const starting = inventory.start();
  await clock.advance(0);
  return { clock, driver, inventory, logger, probe, starting };
}

const reasons = (logger: QuietLogger) => logger.of('gpu').map(({ fields }) => fields['reason']);

describe('The inventory of GPUs', () => {
  it('samples once per interval and asks for the devices once (ORCH-1101)', async () => {
    const { clock, inventory, probe } = await looking();
    expect(inventory.devices.map(({ device }) => device.index)).toEqual([0, 1]);
    expect([probe.inventories, probe.samples]).toEqual([1, 1]);
    probe.used = 5;
    await clock.advance(3000);
    expect([probe.inventories, probe.samples]).toEqual([1, 4]);
    expect(inventory.devices.map(({ sample }) => sample?.vramUsedBytes)).toEqual([5, 5]);
  });

  it('keeps the last sample for 30 s while the probe fails, then knows nothing (ORCH-4506)', async () => {
    const { clock, inventory, logger, probe } = await looking();
    probe.failure = new Error('Unknown Error');
    const fresh = () => inventory.devices.map((seen) => inventory.freshness(seen));
    await clock.advance(2000);
    expect(fresh()).toEqual(['fresh', 'fresh']);
    await clock.advance(20_000);
    expect([fresh(), inventory.isUp]).toEqual([['stale', 'stale'], false]);
    expect(inventory.devices[0]!.sample?.vramUsedBytes).toBe(1);
    await clock.advance(9000);
    expect(fresh()).toEqual(['unknown', 'unknown']);
    expect(reasons(logger)).toEqual(['probe_lost']);
    expect(logger.of('gpu')[0]!.message).toContain('Unknown Error');
    probe.failure = undefined;
    await clock.advance(1000);
    expect([fresh(), inventory.isUp]).toEqual([['fresh', 'fresh'], true]);
    expect(reasons(logger)).toEqual(['probe_lost', 'probe_back']);
  });

  it('never calls a probe that hangs a second time, and nobody waits for it (ORCH-4506)', async () => {
    const { clock, inventory, logger, probe } = await looking();
    probe.isHanging = true;
    let waited = false;
    await clock.advance(1000);
    void inventory.refresh().then(() => (waited = true));
    await clock.advance(1000);
    expect(waited).toBe(true);
    await clock.advance(60_000);
    expect([probe.samples, probe.mostAtOnce, probe.lastSignal?.aborted]).toEqual([2, 1, true]);
    expect(inventory.freshness(inventory.devices[0]!)).toBe('unknown');
    expect(logger.of('gpu')[0]!.message).toContain('did not answer within 2000 ms');
    probe.letGo();
    await clock.advance(1000);
    expect([inventory.freshness(inventory.devices[0]!), probe.mostAtOnce]).toEqual(['fresh', 1]);
  });

  it('waits two seconds for a driver that hangs from the start (ORCH-4506)', async () => {
    const { clock, inventory, probe, starting } = await looking((one) => (one.isHanging = true));
    let started = false;
    void starting.then(() => (started = true));
    await clock.advance(1999);
    expect(started).toBe(false);
    await clock.advance(1);
    expect([started, inventory.devices]).toEqual([true, []]);
    probe.letGo();
    await clock.advance(1000);
    expect(inventory.devices.length).toBe(2);
  });

  it('reads the devices anew when their number or their ids change (ORCH-4506)', async () => {
    const { clock, inventory, logger, probe } = await looking();
    probe.devices = [gpu(0), gpu(1), gpu(2)];
    await clock.advance(2000);
    expect([inventory.devices.length, probe.inventories]).toEqual([3, 2]);
    expect(logger.of('gpu')[0]!.message).toBe('the driver shows 3 GPUs, before it showed 2');
    probe.failure = new Error('driver/library version mismatch');
    await clock.advance(1000);
    probe.failure = undefined;
    probe.devices = [gpu(0)];
    await clock.advance(1000);
    expect(inventory.devices.map(({ device }) => device.id)).toEqual(['GPU-0']);
  });

  it('begins a look after it is asked for one', async () => {
    const { clock, inventory, probe } = await looking();
    probe.isHanging = true;
    const first = inventory.refresh();
    await settle();
    probe.used = 7;
    const second = inventory.refresh();
    const third = inventory.refresh();
    await settle();
    probe.letGo();
    await clock.advance(0);
    await Promise.all([first, second, third]);
    expect([probe.samples, probe.mostAtOnce]).toEqual([3, 1]);
    expect(inventory.devices[0]!.sample?.vramUsedBytes).toBe(7);
  });

  it('tells resets of the driver and memory errors, each once (ORCH-3053)', async () => {
    const { clock, inventory, logger, probe } = await looking((one) => (one.more = { resets: 3, eccErrors: 0 }));
    const faults: [number, DeviceFault, number][] = [];
    inventory.listen({ fault: (device, fault, count) => faults.push([device.index, fault, count]) });
    await clock.advance(1000);
    expect(faults).toEqual([]);
    probe.more = { resets: 5, eccErrors: 1 };
    await clock.advance(2000);
    expect(faults).toEqual([
      [0, 'driver_reset', 2],
      [0, 'ecc_error', 1],
      [1, 'driver_reset', 2],
      [1, 'ecc_error', 1],
    ]);
    expect(reasons(logger)).toEqual(['driver_reset', 'ecc_error', 'driver_reset', 'ecc_error']);
  });

  it('looks for a driver that was not there, every 30 s (ORCH-4506)', async () => {
    const { clock, driver, inventory } = await looking();
    await inventory.close();
    const later = new GpuInventory({ clock, logger: new QuietLogger(), open: async () => driver.probe }, 1000);
    const { probe } = driver;
    driver.probe = undefined;
    const starting = later.start();
    await clock.advance(10_000);
    await starting;
    expect([later.devices, later.isUp]).toEqual([[], false]);
    driver.probe = probe;
    await clock.advance(21_000);
    expect([later.devices.length, later.isUp]).toEqual([2, true]);
    await later.close();
  });

  it('closes a probe that opens after its own end, and opens no other (ORCH-4506)', async () => {
    const { clock, inventory, probe } = await looking();
    await inventory.close();
    let opens = 0;
    let arrive = (_probe: GpuProbe): void => {};
    const open = () => {
      opens++;
      return new Promise<GpuProbe>((resolve) => (arrive = resolve));
    };
    const late = new GpuInventory({ clock, logger: new QuietLogger(), open }, 1000);
    void late.start();
    await settle();
    void late.refresh();
    await late.close();
    arrive(probe);
    await clock.advance(100_000);
    expect([opens, probe.closes, probe.samples, late.isUp]).toEqual([1, 2, 1, false]);
  });

  it('leaves no timer and no probe behind (ORCH-4506)', async () => {
    const { clock, inventory, probe } = await looking();
    await inventory.close();
    await inventory.close();
    expect([probe.closes, clock.pending]).toEqual([1, 0]);
  });
});
