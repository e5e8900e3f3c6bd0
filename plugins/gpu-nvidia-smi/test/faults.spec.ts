import { eventually } from '../../../test/support/eventually.js';
import nvidiaSmi from '../src/index.js';
import { smiOptions } from '../src/options.js';
import { SmiProbe } from '../src/smi-probe.js';
import { FakeSmi, untilDone, withSmi } from './support.js';

const GIBIBYTE = 2 ** 30;
const idsOf = async (probe: SmiProbe) => (await probe.sample(untilDone())).map(({ id }) => id);

/** Creates a probe that is expected to fail, and ends what is left of it. */
async function failureOf(what: string): Promise<Error> {
  const fake = new FakeSmi(what);
  try {
    await SmiProbe.open(smiOptions.parse({ command: fake.command }));
  } catch (error) {
    return error as Error;
  } finally {
    fake.remove();
  }
  throw new Error('the probe was created');
}

/** Waits until samples reject, and returns the reason. */
async function refusal(probe: SmiProbe): Promise<string> {
  return eventually(async () => {
    const outcome = await probe.sample(untilDone()).then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(outcome).toBeDefined();
    return outcome as string;
  });
}

describe('nvidia-smi reads', () => {
  it('both cards of a workstation (ORCH-1103, HME-010)', async () => {
    await withSmi('normal', async (probe) => {
      expect(await probe.inventory(untilDone())).toEqual([
        { id: 'GPU-00000000', index: 0, name: 'NVIDIA GeForce RTX 3090', vramTotalBytes: 24 * GIBIBYTE },
        { id: 'GPU-00000001', index: 1, name: 'RTX 3060', vramTotalBytes: 12 * GIBIBYTE },
      ]);
      expect((await probe.sample(untilDone()))[0]).toEqual({
        id: 'GPU-00000000',
        vramUsedBytes: GIBIBYTE,
        utilizationPercent: 12,
        temperatureCelsius: 45,
        powerWatts: 31.5,
      });
    });
  });

  it('refuses options that are unknown or empty (ORCH-4701)', () => {
    expect(smiOptions.parse({})).toEqual({ command: ['nvidia-smi'], interval_ms: 1_000 });
    for (const wrong of [{ command: [] }, { command: 'nvidia-smi' }, { interval_ms: 0 }, { loop: 1 }])
      expect(nvidiaSmi.options.safeParse(wrong).success).toBe(false);
  });

  it('hands nothing of the environment on but where programs lie (OC-POOL-3010)', async () => {
    process.env.LLAMA_ORCH_TEST_SECRET = 'geheim';
    try {
      await withSmi('environment', async (probe) => {
        const [{ name } = { name: '' }] = await probe.inventory(untilDone());
        expect(name.split(' ').filter((variable) => !['LANG', 'PATH'].includes(variable))).toEqual([]);
      });
    } finally {
      delete process.env.LLAMA_ORCH_TEST_SECRET;
    }
  });
});

describe('nvidia-smi fails, and the probe does not', () => {
  it('vanishes: rejects with the reason, and starts another after a pause (ORCH-4506)', async () => {
    await withSmi('vanishes', async (probe, fake, clock) => {
      expect(await refusal(probe)).toContain('it ended with exit code 0; it is not started again for 1 s');
      fake.play('normal');
      clock.move(1_000);
      expect(await idsOf(probe)).toHaveLength(2);
    });
  });

  it('hangs: rejects once readings are older than three intervals, kills it and starts another (ORCH-4506)', async () => {
    await withSmi('hangs', async (probe, fake, clock) => {
      expect(await idsOf(probe)).toHaveLength(2);
      clock.move(60);
      expect(await idsOf(probe)).toHaveLength(2);
      clock.move(1);
      await expect(probe.sample(untilDone())).rejects.toThrow('none came for 0.1 s');
      fake.play('normal');
      await eventually(async () => {
        clock.move(1_000);
        expect(await idsOf(probe)).toHaveLength(2);
      });
    });
  });

  it('says Unknown Error of a card: leaves it out and goes on with the other (ORCH-4506)', async () => {
    await withSmi('normal', async (probe, fake) => {
      expect(await idsOf(probe)).toHaveLength(2);
      fake.play('unknown-error');
      await eventually(async () => expect(await idsOf(probe)).toEqual(['GPU-00000001']));
      expect(await probe.inventory(untilDone())).toHaveLength(2);
    });
  });

  it('loses a card and ends: rejects with what it said and what helps (ORCH-4506)', async () => {
    await withSmi('normal', async (probe, fake) => {
      fake.play('lost-handle');
      expect(await refusal(probe)).toMatch(/Unable to determine the device handle .*; reset the card or reboot/);
    });
  });

  it('changes the number of cards: follows it (ORCH-4506)', async () => {
    await withSmi('normal', async (probe, fake) => {
      expect(await probe.inventory(untilDone())).toHaveLength(2);
      fake.play('one-gpu');
      await eventually(async () => expect(await probe.inventory(untilDone())).toHaveLength(1));
      expect(await idsOf(probe)).toEqual(['GPU-00000000']);
      fake.play('normal');
      await eventually(async () => expect(await probe.inventory(untilDone())).toHaveLength(2));
    });
  });

  it('finds another driver than its own: is not created, and says to reboot (ORCH-4506)', async () => {
    const { message } = await failureOf('mismatch');
    expect(message).toContain('it ended with exit code 18');
    expect(message).toContain('version mismatch NVML library version: 535.54; reboot, or reload the kernel module');
  });

  it('prints piece by piece: reads it all the same (ORCH-4506)', async () => {
    await withSmi('pieces', async (probe) => expect(await idsOf(probe)).toHaveLength(2));
  });

  it('knows no values: leaves them out (ORCH-4506)', async () => {
    await withSmi('no-values', async (probe) => {
      const samples = await probe.sample(untilDone());
      expect(samples.map((sample) => Object.keys(sample))).toEqual([
        ['id', 'vramUsedBytes'],
        ['id', 'vramUsedBytes'],
      ]);
    });
  });

  it('knows no memory of a card: gives no reading that placement could believe (ORCH-4506)', async () => {
    await withSmi('no-memory', async (probe) => {
      expect(await idsOf(probe)).toEqual(['GPU-00000000']);
      await expect(probe.inventory(untilDone())).rejects.toThrow('tells nothing readable of GPU 1');
    });
  });

  it('starts slowly: waits for the first reading (ORCH-4506)', async () => {
    await withSmi('slow', async (probe) => expect(await idsOf(probe)).toHaveLength(2));
  });

  it('fails at once: is not created, and says why and what to do (ORCH-4506)', async () => {
    const { message } = await failureOf('fails');
    expect(message).toContain("exit code 9: couldn't communicate with the NVIDIA driver; load the kernel module");
    expect(message).toContain('install the NVIDIA driver, or set `command`');
  });

  it('is not there: is not created (ORCH-4506)', async () => {
    const options = smiOptions.parse({ command: ['/nowhere/nvidia-smi'] });
    await expect(SmiProbe.open(options)).rejects.toThrow('start failure ENOENT');
  });

  it('prints garbage between readings: believes none of it (ORCH-4506)', async () => {
    await withSmi('garbage', async (probe) => {
      expect(await idsOf(probe)).toEqual(['GPU-00000000', 'GPU-00000001']);
      expect(await probe.inventory(untilDone())).toHaveLength(2);
    });
  });

  it('floods: is killed (ORCH-4506)', async () => {
    await withSmi('normal', async (probe, fake) => {
      fake.play('floods');
      expect(await refusal(probe)).toContain('it printed without end');
    });
  });

  it('has a comma in a name: reads the whole name (ORCH-4506)', async () => {
    await withSmi('comma', async (probe) => {
      expect((await probe.inventory(untilDone()))[0]?.name).toBe('NVIDIA GPU, rev 2, "quoted"');
    });
  });

  it('is noisy on stderr: reads on (ORCH-4506)', async () => {
    await withSmi('noisy', async (probe) => expect(await idsOf(probe)).toHaveLength(2));
  });
});
