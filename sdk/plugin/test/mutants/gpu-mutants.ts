import { type GpuDevice, type GpuProbe, type GpuSample } from '../../src/index.js';
import { leftTimers } from './engine-mutants.js';
import { type PlayedDriver, SoundGpuProbe } from './sound-gpu-probe.js';

/** What is wrong, the check that must notice, and the broken probe. */
export interface GpuMutant {
  readonly wrong: string;
  readonly caughtBy: string;
  readonly create: (driver: PlayedDriver) => GpuProbe;
}

function misreport(
  wrong: string,
  caughtBy: string,
  change: (devices: readonly GpuDevice[]) => readonly GpuDevice[],
): GpuMutant {
  class Misreports extends SoundGpuProbe {
    override async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
      return change(await super.inventory(signal));
    }
  }
  return { wrong, caughtBy, create: (driver) => new Misreports(driver) };
}

function missample(
  wrong: string,
  caughtBy: string,
  change: (sample: GpuSample, place: number) => GpuSample | readonly GpuSample[],
): GpuMutant {
  class Missamples extends SoundGpuProbe {
    override async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
      return (await super.sample(signal)).flatMap(change);
    }
  }
  return { wrong, caughtBy, create: (driver) => new Missamples(driver) };
}

class ShufflesDevices extends SoundGpuProbe {
  private calls = 0;
  override async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    const call = this.calls++;
    return (await super.inventory(signal)).map((device) => ({ ...device, id: `${device.id}-${call}` }));
  }
}
class ForgetsResets extends SoundGpuProbe {
  override async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    this.driver.resets--;
    return super.sample(signal);
  }
}
class IgnoresTheSignal extends SoundGpuProbe {
  override async sample(_signal: AbortSignal): Promise<readonly GpuSample[]> {
    return super.sample(new AbortController().signal);
  }
}
class HeedsOnlyAnEarlyAbort extends SoundGpuProbe {
  override async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    signal.throwIfAborted();
    return super.inventory(new AbortController().signal);
  }
}
class GivesUpForGood extends SoundGpuProbe {
  private gaveUp = false;
  override async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    if (this.gaveUp) throw new Error('The driver did not answer once.');
    signal.addEventListener('abort', () => (this.gaveUp = true));
    return super.sample(signal);
  }
}
class InventsReadings extends SoundGpuProbe {
  override async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    return this.driver.vanished && !this.isClosed ? this.driver.samples() : super.sample(signal);
  }
}
class HangsWithoutADriver extends SoundGpuProbe {
  override async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    return this.driver.vanished ? new Promise<never>(() => undefined) : super.sample(signal);
  }
}
class ThrowsAWord extends SoundGpuProbe {
  override async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the fault that is played
    if (this.driver.vanished) throw 'gone';
    return super.sample(signal);
  }
}
class ClosesOnce extends SoundGpuProbe {
  override async close(): Promise<void> {
    if (this.isClosed) throw new Error('closed already');
    await super.close();
  }
}
class AnswersAfterClose extends SoundGpuProbe {
  override async close(): Promise<void> {
    this.driver.openProbes--;
  }
}
class ClosesAfterAnAnswer extends SoundGpuProbe {
  override async close(): Promise<void> {
    await this.driver.answering;
    await super.close();
  }
}
class EndsTheDriver extends SoundGpuProbe {
  override async close(): Promise<void> {
    this.driver.vanished = true;
    await super.close();
  }
}
class LeavesATimer extends SoundGpuProbe {
  override async close(): Promise<void> {
    leftTimers.push(setInterval(() => undefined, 60_000));
    await super.close();
  }
}

const of = (Probe: new (driver: PlayedDriver) => GpuProbe) => (driver: PlayedDriver) => new Probe(driver);

export const gpuMutants: readonly GpuMutant[] = [
  misreport('numbers devices from one', 'GP-01', (all) =>
    all.map((device) => ({ ...device, index: device.index + 1 })),
  ),
  misreport('gives two devices one id', 'GP-02', (all) => all.map((device) => ({ ...device, id: 'GPU-0' }))),
  misreport('gives no ids', 'GP-02', (all) => all.map((device) => ({ ...device, id: '' }))),
  misreport('names no device', 'GP-03', (all) => all.map((device) => ({ ...device, name: ' ' }))),
  misreport('lists a device without memory', 'GP-03', (all) =>
    all.map((device) => ({ ...device, vramTotalBytes: 0, parentId: undefined })),
  ),
  misreport('lists slices first', 'GP-04', (all) => [...all].reverse().map((device, index) => ({ ...device, index }))),
  misreport('names an unknown GPU as parent', 'GP-04', (all) =>
    all.map((device) => (device.parentId === undefined ? device : { ...device, parentId: 'GPU-x' })),
  ),
  misreport('gives a slice more than its GPU has', 'GP-04', (all) =>
    all.map((device) => (device.parentId === undefined ? device : { ...device, vramTotalBytes: 2 ** 40 })),
  ),
  { wrong: 'changes ids', caughtBy: 'GP-05', create: of(ShufflesDevices) },
  missample('samples a device that it did not list', 'GP-06', (sample) => ({ ...sample, id: `${sample.id}x` })),
  missample('samples a device twice', 'GP-06', (sample) => [sample, sample]),
  missample('uses more memory than there is', 'GP-07', (sample) => ({ ...sample, vramUsedBytes: 2 ** 50 })),
  missample('tells memory in GiB', 'GP-07', (sample) => ({ ...sample, vramUsedBytes: 11.4 })),
  missample('is busier than busy', 'GP-08', (sample) => ({ ...sample, utilizationPercent: 101 })),
  missample('tells power in milliwatts', 'GP-08', (sample) => ({ ...sample, powerWatts: 80_500 })),
  missample('fills a gap with NaN', 'GP-08', (sample) => ({ ...sample, temperatureCelsius: NaN })),
  missample('counts half an error', 'GP-08', (sample) => ({ ...sample, eccErrors: 0.5 })),
  missample('lists a process twice', 'GP-09', (sample) => ({
    ...sample,
    processes: [...(sample.processes ?? []), ...(sample.processes ?? [])],
  })),
  missample('does not know what a process uses', 'GP-09', (sample) => ({
    ...sample,
    processes: [{ pid: 7, vramUsedBytes: -1 }],
  })),
  { wrong: 'forgets resets', caughtBy: 'GP-10', create: of(ForgetsResets) },
  { wrong: 'ignores the signal', caughtBy: 'GP-11', create: of(IgnoresTheSignal) },
  { wrong: 'looks at the signal once only', caughtBy: 'GP-12', create: of(HeedsOnlyAnEarlyAbort) },
  { wrong: 'gives a source up that hung once', caughtBy: 'GP-13', create: of(GivesUpForGood) },
  { wrong: 'invents readings', caughtBy: 'GP-14', create: of(InventsReadings) },
  { wrong: 'hangs without a driver', caughtBy: 'GP-14', create: of(HangsWithoutADriver) },
  { wrong: 'throws a word', caughtBy: 'GP-14', create: of(ThrowsAWord) },
  { wrong: 'refuses a second close', caughtBy: 'GP-15', create: of(ClosesOnce) },
  { wrong: 'answers after close', caughtBy: 'GP-15', create: of(AnswersAfterClose) },
  { wrong: 'waits with close for an answer', caughtBy: 'GP-16', create: of(ClosesAfterAnAnswer) },
  { wrong: 'ends the source for others', caughtBy: 'GP-17', create: of(EndsTheDriver) },
  { wrong: 'leaves a timer', caughtBy: 'GP-18', create: of(LeavesATimer) },
];
