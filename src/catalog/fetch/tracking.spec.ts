import { FakeClock } from '../../../test/support/fake-clock.js';
import { type FetchProgress } from './fetch-progress.js';
import { Meter } from './meter.js';
import { Tracking } from './tracking.js';

function rig({ sizeBytes }: { readonly sizeBytes: number | undefined } = { sizeBytes: 10_000 }) {
  const clock = new FakeClock();
  const meter = new Meter(clock);
  const tracking = new Tracking('id', 'hf:a/b', clock);
  tracking.begin();
  tracking.fetching([{ sizeBytes, meter }]);
  return { clock, meter, tracking };
}

describe('the progress of a fetch', () => {
  it('tells bytes, share, speed over ten seconds, and the time that is left (ORCH-3091)', () => {
    const { clock, meter, tracking } = rig();
    for (let second = 0; second < 5; second += 1) {
      meter.add(1_000);
      clock.leap(1_000);
    }
    expect(tracking.progress).toMatchObject({
      bytes: 5_000,
      total: 10_000,
      percent: 50,
      bytes_per_s: 1_000,
      eta_ms: 5_000,
    });
    clock.leap(5_500);
    expect(tracking.progress.bytes_per_s).toBeLessThan(1_000);
  });

  it('counts what was here before as here, and not as speed', () => {
    const { meter, tracking } = rig();
    meter.begin(4_000);
    expect(tracking.progress).toMatchObject({ bytes: 4_000, bytes_per_s: 0, eta_ms: null });
  });

  it('never runs backwards, whatever is fetched anew', () => {
    const { meter, tracking } = rig();
    meter.add(6_000);
    meter.add(-5_000);
    expect(tracking.progress).toMatchObject({ bytes: 6_000, percent: 60 });
    tracking.begin();
    tracking.fetching([{ sizeBytes: 10_000, meter: new Meter(new FakeClock()) }]);
    expect(tracking.progress.bytes).toBe(6_000);
  });

  it('is stalled when nothing came for ten seconds, and says so by itself', async () => {
    const { clock, meter, tracking } = rig();
    const told: FetchProgress[] = [];
    tracking.follow((progress) => told.push(progress));
    meter.add(1_000);
    await clock.advance(9_900);
    expect(told.at(-1)?.stalled).toBe(false);
    await clock.advance(500);
    expect(told.at(-1)).toMatchObject({ stalled: true, eta_ms: null });
    meter.add(1);
    await clock.advance(1_000);
    expect(told.at(-1)?.stalled).toBe(false);
  });

  it('is whole only when it is done, and then tells nobody any more', async () => {
    const { clock, meter, tracking } = rig();
    const told: FetchProgress[] = [];
    tracking.follow((progress) => told.push(progress));
    meter.add(10_000);
    expect(tracking.progress.percent).toBe(99.9);
    tracking.enter('done', 'sha256:x');
    expect(told.at(-1)).toMatchObject({ state: 'done', percent: 100, digest: 'sha256:x' });
    const count = told.length;
    await clock.advance(5_000);
    expect([told.length, clock.pending]).toEqual([count, 0]);
  });

  it('knows no total while a source tells none', () => {
    const { meter, tracking } = rig({ sizeBytes: undefined });
    meter.add(1_000);
    expect(tracking.progress).toMatchObject({ total: null, percent: null });
    tracking.fileIsDone(0);
    expect(tracking.progress).toMatchObject({ total: 1_000, files_done: 1 });
  });
});
