import { describeWithFakeNvml, WORKSTATION } from '../../../test/support/fake-nvml.js';
import { untilDone, withDriver } from './support.js';

const GIBIBYTE = 2 ** 30;
const TWO_SLICES = {
  devices: 2,
  '0.slices': 2,
  '0.total': 40 * GIBIBYTE,
  '0.uuid': 'GPU-a100',
  '0/0.uuid': 'MIG-one',
  '0/0.name': 'A100 MIG 3g.20gb',
  '0/0.total': 20 * GIBIBYTE,
  '0/0.used': 5 * GIBIBYTE,
  '0/1.uuid': 'MIG-two',
  '0/1.total': 10 * GIBIBYTE,
  '1.uuid': 'GPU-plain',
};

describeWithFakeNvml('nvml reads', () => {
  it('the two cards of a workstation, in the order of the driver (ORCH-1103, HME-010)', async () => {
    await withDriver(WORKSTATION, async (_fake, probe) => {
      expect(await probe.inventory(untilDone())).toEqual([
        { id: 'GPU-3090', index: 0, name: 'NVIDIA GeForce RTX 3090', vramTotalBytes: 24 * GIBIBYTE },
        { id: 'GPU-3060', index: 1, name: 'NVIDIA GeForce RTX 3060', vramTotalBytes: 12 * GIBIBYTE },
      ]);
    });
  });

  it('an empty inventory and no samples from a machine without GPUs (ORCH-1101-v31)', async () => {
    await withDriver({ devices: 0 }, async (_fake, probe) => {
      expect(await probe.inventory(untilDone())).toEqual([]);
      expect(await probe.sample(untilDone())).toEqual([]);
    });
  });

  it('every reading that the driver offers, in the units of the contract (ORCH-3012)', async () => {
    const offered = { '0.util': 97, '0.temp': 71, '0.power': 348_250, '0.ecc': 2, '0.compute': '4242:1048576' };
    await withDriver({ ...WORKSTATION, ...offered }, async (_fake, probe) => {
      const [first] = await probe.sample(untilDone());
      expect(first).toEqual({
        id: 'GPU-3090',
        vramUsedBytes: GIBIBYTE,
        utilizationPercent: 97,
        temperatureCelsius: 71,
        powerWatts: 348.25,
        eccErrors: 2,
        resets: 0,
        processes: [{ pid: 4242, vramUsedBytes: 1_048_576 }],
      });
    });
  });

  it('temperature and power at every fourth look at a card, and tells the last ones in between (ORCH-3012)', async () => {
    await withDriver({ ...WORKSTATION, '0.temp': 50, '0.power': 100_000 }, async (fake, probe) => {
      const told = async () => (await probe.sample(untilDone()))[0]?.temperatureCelsius;
      expect(await told()).toBe(50);
      fake.change({ '0.temp': 80 });
      expect([await told(), await told(), await told(), await told()]).toEqual([50, 50, 50, 80]);
    });
  });

  it('nothing that the device does not offer, and does not ask for it again (ORCH-4506)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      const [first, second] = [await probe.sample(untilDone()), fake.calls];
      expect(first[1]).toEqual({ id: 'GPU-3060', vramUsedBytes: 0, resets: 0, processes: [] });
      await probe.sample(untilDone());
      // One look for events, and per card the memory and both lists of processes.
      expect(fake.calls - second).toBe(1 + 2 * 3);
    });
  });

  it('processes that compute and draw once, and none whose memory is unknown (ORCH-3012)', async () => {
    const processes = { '0.compute': '10:100,11:?,12:5', '0.graphics': '10:100,13:7' };
    await withDriver({ ...WORKSTATION, ...processes }, async (_fake, probe) => {
      const [sample] = await probe.sample(untilDone());
      expect(sample?.processes).toEqual([
        { pid: 10, vramUsedBytes: 100 },
        { pid: 12, vramUsedBytes: 5 },
        { pid: 13, vramUsedBytes: 7 },
      ]);
    });
  });

  it('more processes than it made room for (ORCH-3012)', async () => {
    const many = Array.from({ length: 200 }, (_, at) => `${at + 1}:${at}`).join(',');
    await withDriver({ ...WORKSTATION, '0.compute': many }, async (_fake, probe) => {
      const [sample] = await probe.sample(untilDone());
      expect(sample?.processes).toHaveLength(200);
      expect(sample?.processes?.at(-1)).toEqual({ pid: 200, vramUsedBytes: 199 });
    });
  });

  it('an old driver without slices, events and newer lists (ORCH-4506)', async () => {
    const state = { ...WORKSTATION, '0.compute': '10:100,11:200', '0.slices': 2, events: '0:79' };
    const use = async (_fake: unknown, probe: Parameters<Parameters<typeof withDriver>[1]>[1]) => {
      expect(await probe.inventory(untilDone())).toHaveLength(2);
      const [sample] = await probe.sample(untilDone());
      expect(sample).toEqual({
        id: 'GPU-3090',
        vramUsedBytes: GIBIBYTE,
        processes: [
          { pid: 10, vramUsedBytes: 100 },
          { pid: 11, vramUsedBytes: 200 },
        ],
      });
    };
    await withDriver(state, use, 'OLD_DRIVER');
  });

  it('slices as devices of their own after the whole GPUs, with their own memory (HME-011)', async () => {
    await withDriver(TWO_SLICES, async (_fake, probe) => {
      const devices = await probe.inventory(untilDone());
      expect(devices.map(({ id, index, parentId }) => [id, index, parentId])).toEqual([
        ['GPU-a100', 0, undefined],
        ['GPU-plain', 1, undefined],
        ['MIG-one', 2, 'GPU-a100'],
        ['MIG-two', 3, 'GPU-a100'],
      ]);
      expect(devices[2]).toMatchObject({ name: 'A100 MIG 3g.20gb', vramTotalBytes: 20 * GIBIBYTE });
      const samples = await probe.sample(untilDone());
      expect(samples.find(({ id }) => id === 'MIG-one')?.vramUsedBytes).toBe(5 * GIBIBYTE);
    });
  });

  it('a sliced GPU whose whole memory only an administrator sees as the sum of its slices (HME-011)', async () => {
    const state = { ...TWO_SLICES, 'fail.nvmlDeviceGetMemoryInfo.0': 4 };
    await withDriver(state, async (_fake, probe) => {
      const [whole] = await probe.inventory(untilDone());
      expect(whole).toMatchObject({ id: 'GPU-a100', vramTotalBytes: 30 * GIBIBYTE });
      const sampled = (await probe.sample(untilDone())).map(({ id }) => id);
      expect(sampled).toEqual(['GPU-plain', 'MIG-one', 'MIG-two']);
    });
  });

  it('no GPU that this user may not use (ORCH-1102)', async () => {
    const state = { ...WORKSTATION, 'fail.nvmlDeviceGetHandleByIndex_v2.0': 4 };
    await withDriver(state, async (_fake, probe) => {
      const devices = await probe.inventory(untilDone());
      expect(devices.map(({ id, index }) => [id, index])).toEqual([['GPU-3060', 0]]);
    });
  });

  it('resets by their Xid since the probe was made, and no faults of programs (ORCH-3053)', async () => {
    await withDriver(WORKSTATION, async (fake, probe) => {
      const resets = async () => (await probe.sample(untilDone())).map((sample) => sample.resets);
      expect(await resets()).toEqual([0, 0]);
      fake.change({ events: '0:79,0:13,0:31,1:48,0:63' });
      expect(await resets()).toEqual([2, 1]);
      expect(await resets()).toEqual([2, 1]);
      fake.change({ events: '0:79,0:13,0:31,1:48,0:63,1:43,1:95' });
      expect(await resets()).toEqual([2, 2]);
    });
  });
});
