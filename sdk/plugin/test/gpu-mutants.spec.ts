import { gpuKit, runKit, type CheckResult, type GpuSource } from '../src/conformance/index.js';
import { defineGpuProbe, z, type GpuProbe } from '../src/index.js';
import { leftTimers } from './mutants/engine-mutants.js';
import { gpuMutants } from './mutants/gpu-mutants.js';
import { PlayedDriver, SoundGpuProbe } from './mutants/sound-gpu-probe.js';

const options = z.strictObject({ machine: z.int() });

/** Every machine that was started, and a kit whose probes find theirs by its number. */
function kitOf(create: (driver: PlayedDriver) => GpuProbe, patienceMs: number, abilities: readonly string[] = []) {
  const machines: PlayedDriver[] = [];
  const plugin = defineGpuProbe({
    id: 'subject',
    version: '1.0.0',
    apiVersion: '^1.0.0',
    options,
    create: ({ machine }) => create(machines[machine]!),
  });
  const startSource = (): GpuSource => {
    const driver = new PlayedDriver();
    const all = {
      vanish: () => void (driver.vanished = true),
      hang: () => driver.hang(),
      goOn: () => driver.goOn(),
    };
    const offered = Object.entries(all).filter(([name]) => !abilities.includes(name));
    return { options: { machine: machines.push(driver) - 1 }, ...Object.fromEntries(offered) };
  };
  return { machines, kit: gpuKit(plugin, { patienceMs, startSource }) };
}

const failuresOf = (results: readonly CheckResult[]) => results.filter(({ type }) => type === 'failed');

describe('the kit of GPU probes', () => {
  it('passes a sound probe without a skip, and closes every probe that it made (ORCH-4507)', async () => {
    const { kit, machines } = kitOf((driver) => new SoundGpuProbe(driver), 2_000);
    const results = await runKit(kit);
    expect(results.filter(({ type }) => type !== 'passed')).toEqual([]);
    expect(machines.length).toBeGreaterThan(1);
    expect(machines.map(({ openProbes }) => openProbes)).toEqual(machines.map(() => 0));
  });

  it('skips with a reason what the fixture cannot do (ORCH-4507)', async () => {
    const { kit } = kitOf((driver) => new SoundGpuProbe(driver), 2_000, ['hang', 'goOn', 'vanish']);
    const results = await runKit(kit);
    expect(failuresOf(results)).toEqual([]);
    const skipped = results.filter(({ type }) => type === 'skipped');
    expect(skipped.map(({ name }) => name.slice(0, 5))).toEqual(['GP-12', 'GP-13', 'GP-14', 'GP-16']);
    expect(skipped).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('take the source away') }),
    );
  });

  it.each(gpuMutants)('catches a probe that $wrong by $caughtBy (ORCH-4506)', async ({ create, caughtBy }) => {
    const { kit } = kitOf(create, 120);
    const checks = kit.checks.filter(({ name }) => name.startsWith(`${caughtBy} `));
    try {
      const results = await runKit({ ...kit, checks });
      expect(failuresOf(results)).toEqual([expect.objectContaining({ name: expect.stringContaining(caughtBy) })]);
    } finally {
      for (const timer of leftTimers.splice(0)) clearInterval(timer);
    }
  });
});
