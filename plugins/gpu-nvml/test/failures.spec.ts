import { spawnSync } from 'node:child_process';
import { type GpuProbe } from '@llama-orch/plugin-sdk';
import { eventually } from '../../../test/support/eventually.js';
import { describeWithFakeNvml, FakeNvml, WORKSTATION } from '../../../test/support/fake-nvml.js';
import nvml from '../src/index.js';
import { createProbe, untilDone, withDriver } from './support.js';

const idsOf = (all: readonly { id: string }[]) => all.map(({ id }) => id);
const sampledIds = async (probe: GpuProbe) => idsOf(await probe.sample(untilDone()));

/** Waits until the call hangs in the driver, then gives it up. */
async function giveUp(fake: FakeNvml, probe: GpuProbe): Promise<void> {
  const controller = new AbortController();
  const sampling = probe.sample(controller.signal);
  sampling.catch(() => undefined);
  await eventually(() => expect(fake.hanging).toBe(1));
  controller.abort();
  await expect(sampling).rejects.toThrow('the driver did not answer nvmlDeviceGetMemoryInfo in time');
}

describe('nvml without a driver', () => {
  it('has a default library, and refuses options that are unknown or empty (ORCH-4701)', () => {
    expect(nvml.options.parse({})).toEqual({ library: 'libnvidia-ml.so.1' });
    expect(nvml.options.safeParse({ libary: 'x' }).success).toBe(false);
    expect(nvml.options.safeParse({ library: ' ' }).success).toBe(false);
  });

  it('says what to do when the library is not there, without a path of the host (ORCH-4506)', async () => {
    const failure = createProbe({ library: '/nowhere/libnvidia-ml.so.1' });
    await expect(failure).rejects.toThrow(/could not be loaded; install the NVIDIA driver, or set `library`/);
    await expect(failure).rejects.not.toThrow('/nowhere');
  });
});

describeWithFakeNvml('nvml when the driver fails', () => {
  it('loads nothing native into a process that creates no probe (ORCH-1101-v31)', () => {
    const plugin = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);
    const script = `await import(${plugin}); console.log(/koffi|nvidia-ml/.test(fs.readFileSync('/proc/self/maps', 'utf8')))`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(run).toMatchObject({ status: 0, stdout: 'false\n' });
  });

  it('refuses a library that is no NVML and names what it lacks (ORCH-4506)', async () => {
    const fake = new FakeNvml(WORKSTATION, 'NO_COUNT');
    try {
      await expect(createProbe({ library: fake.library })).rejects.toThrow('offers no nvmlDeviceGetCount_v2');
    } finally {
      fake.remove();
    }
  });

  it.each([
    [9, 'the NVIDIA driver is not loaded'],
    [18, 'different versions; reboot'],
    [999, 'in a container, check that it still has its GPUs'],
    [77, 'code 77: see the return codes of NVML'],
  ])('refuses to be created on code %i and says what to do (ORCH-4506)', async (code, words) => {
    const fake = new FakeNvml({ ...WORKSTATION, 'fail.nvmlInit_v2': code });
    try {
      await expect(createProbe({ library: fake.library })).rejects.toThrow(words);
      expect(fake.opened).toBe(0);
    } finally {
      fake.remove();
    }
  });

  it('leaves out the sample of a card that fell off the bus and keeps its place in the list (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      const before = await probe.inventory(untilDone());
      fake.change({ 'fail.nvmlDeviceGetMemoryInfo.0': 15, 'fail.nvmlDeviceGetHandleByIndex_v2.0': 15 });
      expect(await sampledIds(probe)).toEqual(['GPU-3060']);
      expect(await probe.inventory(untilDone())).toEqual(before);
      expect(await sampledIds(probe)).toEqual(['GPU-3060']);
    });
  });

  it('samples a card again after it was reset and listed anew (ORCH-3053)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      fake.change({ events: '0:79' });
      await probe.sample(untilDone());
      fake.change({ 'fail.nvmlDeviceGetMemoryInfo.0': 15 });
      await probe.sample(untilDone());
      fake.forget('fail.nvmlDeviceGetMemoryInfo.0');
      await probe.inventory(untilDone());
      const samples = await probe.sample(untilDone());
      expect(samples).toContainEqual(expect.objectContaining({ id: 'GPU-3090', resets: 1 }));
      expect(fake.opened).toBe(1);
    });
  });

  it('rejects when no card can be read (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      await probe.inventory(untilDone());
      fake.change({ 'fail.nvmlDeviceGetMemoryInfo': 15 });
      await expect(probe.sample(untilDone())).rejects.toThrow('the GPU fell off the bus; reset it or reboot');
    });
  });

  it('rejects an inventory with a card that fails and was never seen: its index would go to another (OC-POOL-3020)', async () => {
    const state = { ...WORKSTATION, 'fail.nvmlDeviceGetHandleByIndex_v2.0': 999 };
    await withDriver(state, async (_fake, probe) => {
      await expect(probe.inventory(untilDone())).rejects.toThrow('nvmlDeviceGetHandleByIndex_v2 failed with code 999');
    });
  });

  it('tolerates a reading that fails for a while (ORCH-4506)', async () => {
    await withDriver({ ...WORKSTATION, '0.ecc': 5 }, async (fake, probe) => {
      const errors = async () => (await probe.sample(untilDone()))[0]?.eccErrors;
      expect(await errors()).toBe(5);
      fake.change({ 'fail.nvmlDeviceGetTotalEccErrors': 999 });
      expect(await errors()).toBeUndefined();
      fake.forget('fail.nvmlDeviceGetTotalEccErrors');
      expect(await errors()).toBe(5);
    });
  });

  it.each([1, 9, 18])('rejects on code %i and starts anew as soon as the driver is back (ORCH-4506)', async (code) => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      await probe.sample(untilDone());
      fake.change({ fail: code });
      await expect(probe.sample(untilDone())).rejects.toThrow(`code ${code}`);
      await expect(probe.sample(untilDone())).rejects.toThrow(`nvmlInit_v2 failed with code ${code}`);
      fake.forget('fail');
      expect(await sampledIds(probe)).toEqual(['GPU-3090', 'GPU-3060']);
      expect(fake.opened).toBe(1);
    });
  });

  it('lists what is there when the number of cards changes (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      expect(idsOf(await probe.inventory(untilDone()))).toEqual(['GPU-3090', 'GPU-3060']);
      fake.change({ devices: 1 });
      expect(idsOf(await probe.inventory(untilDone()))).toEqual(['GPU-3090']);
      fake.change({ devices: 3 });
      expect(await probe.inventory(untilDone())).toHaveLength(3);
    });
  });

  it('gives a call up that hangs, rejects at once while it does, and then goes on (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      await probe.sample(untilDone());
      fake.change({ hang: 'nvmlDeviceGetMemoryInfo' });
      await giveUp(fake, probe);
      const calls = fake.calls;
      await expect(probe.sample(untilDone())).rejects.toThrow(/has not answered nvmlDeviceGetMemoryInfo for \d+\.\d s/);
      await expect(probe.inventory(untilDone())).rejects.toThrow('reset the GPU or reboot');
      expect(fake.calls).toBe(calls);
      fake.forget('hang');
      await eventually(async () => expect(await sampledIds(probe)).toHaveLength(2));
    });
  });

  it('closes while a call hangs, and lets go of the driver when the call is over (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      await probe.sample(untilDone());
      fake.change({ hang: 'nvmlDeviceGetMemoryInfo' });
      await giveUp(fake, probe);
      await probe.close();
      await expect(probe.sample(untilDone())).rejects.toThrow('the NVML probe is closed');
      expect(fake.opened).toBe(1);
      fake.forget('hang');
      await eventually(() => expect(fake.opened).toBe(0));
    });
  });

  it('lets go of the driver when it is closed, and keeps it for another probe (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      const other = await createProbe({ library: fake.library });
      expect(fake.opened).toBe(2);
      await other.close();
      await other.close();
      expect(fake.opened).toBe(1);
      expect(await sampledIds(probe)).toHaveLength(2);
      await probe.close();
      expect(fake.opened).toBe(0);
    });
  });

  it('has one set of events at a time, however often devices are listed (ORCH-3053)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      for (let times = 0; times < 3; times++) await probe.inventory(untilDone());
      expect(fake.openEventSets).toBe(1);
    });
  });
});
