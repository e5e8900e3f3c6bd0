import { devicesRig, type DevicesRigOptions } from '../../../test/support/devices-rig.js';
import { GIB } from '../../../test/support/fake-cards.js';
import { DESCRIPTION } from '../../../test/support/fake-engine.js';
import { Metrics } from '../../observability/metrics.js';
import { showDevices } from './device-telemetry.js';

async function shown(options: DevicesRigOptions = {}) {
  const world = await devicesRig(options);
  const pool = await world.pool('p', { footprint_gib: 8, devices: [1] });
  pool.replicas[0]!.description = DESCRIPTION;
  const metrics = new Metrics();
  showDevices(world.devices, metrics, [pool]);
  const launch = await world.launch(pool);
  /** Value of a series, by name and labels as they are written. */
  const value = async (series: string) => {
    const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  };
  return { ...world, launch, pool, value };
}

const REPLICA = 'engine="fake",engine_version="fake-1",pool_id="p",replica_id="p-0",device="1"';
const UP = 'llama_orch_gpu_up{device="1"}';
const memory = (state: string) => `llama_orch_gpu_memory_bytes{device="1",state="${state}"}`;

describe('The series of GPUs', () => {
  it('tell what was seen of the devices of each replica (ORCH-3028, OC-METRICS-7101)', async () => {
    const { cards, clock, launch, value } = await shown();
    cards[1]!.setForeign(3 * GIB);
    await clock.advance(1000);
    expect(await value(`gpu_utilization{${REPLICA}}`)).toBe(50);
    expect(await value(`vram_used_bytes{${REPLICA}}`)).toBe(3 * GIB);
    expect([await value(UP), await value('llama_orch_gpu_up{device="0"}')]).toEqual([1, 1]);
    await launch.end();
    expect(await value(`vram_used_bytes{${REPLICA}}`)).toBeUndefined();
  });

  it('tell the whole account of each device', async () => {
    const { cards, clock, launch, value } = await shown({ namesProcesses: true });
    cards[1]!.setForeign(3 * GIB);
    cards[1]!.allocate(7, 8 * GIB);
    launch.loaded!();
    await clock.advance(1000);
    const states = ['total', 'predicted', 'observed', 'foreign', 'free'];
    expect(await Promise.all(states.map((state) => value(memory(state))))).toEqual([12, 8, 11, 3, 1].map((gib) => gib * GIB)); // prettier-ignore
  });

  it('raise the alarm when the driver is gone: up is 0 after 30 s, and readings are not made up (ORCH-4506)', async () => {
    const { clock, probe, value } = await shown();
    probe.failure = new Error('GPU is lost');
    await clock.advance(29_000);
    expect([await value(UP), await value(`gpu_utilization{${REPLICA}}`)]).toEqual([1, 50]);
    await clock.advance(3_000);
    expect([await value(UP), await value(`gpu_utilization{${REPLICA}}`)]).toEqual([0, undefined]);
    expect([await value(memory('observed')), await value(memory('free'))]).toEqual([undefined, 4 * GIB]);
    probe.failure = undefined;
    await clock.advance(1000);
    expect(await value(UP)).toBe(1);
  });

  it('take a declared device for up while its declaration can be read', async () => {
    const { clock, probe, value } = await shown({ isBlind: true });
    await clock.advance(60_000);
    expect([await value(UP), await value(memory('free'))]).toEqual([1, 4 * GIB]);
    probe.failure = new Error('unreadable');
    await clock.advance(1000);
    expect(await value(UP)).toBe(0);
  });

  it('add up the energy between two looks', async () => {
    const { clock, probe, value } = await shown();
    probe.faults[1] = { powerWatts: 200 };
    await clock.advance(11_000);
    expect(await value('llama_orch_energy_joules_total{device="1"}')).toBe(2000);
  });
});
