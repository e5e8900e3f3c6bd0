import { type GpuDevice, type GpuProbe, type GpuSample } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../../kernel/clock.js';
import { type Logger } from '../../observability/logger.js';
import { bounded } from '../wait.js';

/** `unknown`: nothing was seen of the device for so long that nobody should go by it. */
export type DeviceFreshness = 'fresh' | 'stale' | 'unknown';

/** A device and the last that was seen of it. */
export interface SeenDevice {
  readonly device: GpuDevice;
  readonly sample: GpuSample | undefined;
  /** Monotonic ms at which that look began. */
  readonly sampledAt: number | undefined;
}

/** What became of a device between two looks. */
export type DeviceFault = 'driver_reset' | 'ecc_error';

/** Hears of the devices; each is called in the turn in which it happened. */
export interface InventoryListener {
  /** There are new samples, or other devices. */
  changed?(): void;
  /** `count` more of this fault since the last look. */
  fault?(device: GpuDevice, fault: DeviceFault, count: number): void;
}

export interface InventoryPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens the probe; undefined when the machine offers none. Asked again later, as a driver may come. */
  readonly open: () => Promise<GpuProbe | undefined>;
}

/** The last good sample counts for this long. */
export const COUNTS_MS = 30_000;
const FIRST_LOOK_MS = 2_000;
const LOOK_MS = 1_000;
/** Intervals without a sample after which one is no longer fresh. */
const FRESH_INTERVALS = 3;
const REOPEN_MS = 30_000;
const NEVER = new AbortController().signal;

/** Which GPUs there are and how they are. One call to the probe at a time, each bounded: a driver that hangs hangs nobody else. */
export class GpuInventory {
  private probe: GpuProbe | undefined;
  private known: readonly SeenDevice[] = [];
  private listeners: readonly InventoryListener[] = [];
  private cancelTimer: CancelTimer = () => {};
  /** Settles with the call that is under way, however late. */
  private underWay: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  private openedAt = Number.NEGATIVE_INFINITY;
  /** The probe has said which devices there are. */
  private answered = false;
  /** The devices are to be read again before they are sampled. */
  private isOutdated = true;
  private failing = false;
  private closed = false;

  constructor(
    private readonly ports: InventoryPorts,
    private readonly intervalMs: number,
  ) {}

  /** In the order of their index. */
  get devices(): readonly SeenDevice[] {
    return this.known;
  }

  /** True while the probe answers. */
  get isUp(): boolean {
    return this.probe !== undefined && !this.failing;
  }

  listen(listener: InventoryListener): void {
    this.listeners = [...this.listeners, listener];
  }

  /** Takes a first look, waits for it no longer than two seconds, and goes on looking. */
  async start(): Promise<void> {
    await this.refresh(FIRST_LOOK_MS);
    this.scheduleNext();
  }

  /** Looks now, and waits for that no longer than `limitMs`. What is seen began to be read after this call. */
  async refresh(limitMs = LOOK_MS): Promise<void> {
    this.queued ??= this.afterCurrent();
    const { queued } = this;
    await bounded(() => queued, limitMs, this.ports.clock, NEVER).catch(() => {});
  }

  freshness({ sampledAt }: SeenDevice): DeviceFreshness {
    const age = sampledAt === undefined ? Infinity : this.ports.clock.now() - sampledAt;
    if (age > COUNTS_MS) return 'unknown';
    return age > FRESH_INTERVALS * this.intervalMs ? 'stale' : 'fresh';
  }

  /** Ends the probe. Calling twice is harmless. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelTimer();
    await this.closeProbe();
  }

  private async closeProbe(): Promise<void> {
    const { probe } = this;
    this.probe = undefined;
    if (probe !== undefined) await this.bounded(() => probe.close()).catch(() => {});
  }

  private scheduleNext(): void {
    if (this.closed) return;
    this.cancelTimer = this.ports.clock.schedule(this.intervalMs, () => {
      if (this.underWay === undefined) void this.look();
      else this.tell();
      this.scheduleNext();
    });
  }

  private async afterCurrent(): Promise<void> {
    await this.underWay;
    this.queued = undefined;
    await this.look();
  }

  private async look(): Promise<void> {
    let settled = () => {};
    this.underWay = new Promise((resolve) => (settled = resolve));
    try {
      await this.lookOnce();
      this.recovered();
    } catch (error) {
      this.failed(error);
    } finally {
      this.underWay = undefined;
      settled();
      this.tell();
    }
  }

  private async lookOnce(): Promise<void> {
    if (this.closed) return;
    const probe = (this.probe ??= await this.opened());
    // It opened too late for {@link close}, and what it holds would keep the process.
    if (this.closed) return this.closeProbe();
    if (probe === undefined) return;
    if (this.isOutdated) this.setDevices(await this.called((signal) => probe.inventory(signal)));
    const at = this.ports.clock.now();
    const samples = await this.called((signal) => probe.sample(signal));
    this.take(samples, at);
  }

  private async opened(): Promise<GpuProbe | undefined> {
    const now = this.ports.clock.now();
    if (now - this.openedAt < REOPEN_MS) return undefined;
    this.openedAt = now;
    return this.ports.open();
  }

  /** Waits for the call to settle, so that there is never a second one; those who wait for us have their own limits. */
  private async called<Value>(call: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const late = new AbortController();
    const cancel = this.ports.clock.schedule(FIRST_LOOK_MS, () => {
      late.abort();
      this.failed(new Error(`the probe did not answer within ${FIRST_LOOK_MS} ms`));
    });
    try {
      return await call(late.signal);
    } finally {
      cancel();
    }
  }

  private setDevices(devices: readonly GpuDevice[]): void {
    const before = new Map(this.known.map((seen) => [seen.device.id, seen]));
    const isOther = devices.length !== before.size || devices.some(({ id }) => !before.has(id));
    this.known = devices
      .map((device) => ({ sample: undefined, sampledAt: undefined, ...before.get(device.id), device }))
      .toSorted((a, b) => a.device.index - b.device.index);
    if (isOther && this.answered)
      this.ports.logger.warn('gpu', `the driver shows ${devices.length} GPUs, before it showed ${before.size}`);
    this.answered = true;
    this.isOutdated = false;
  }

  private take(samples: readonly GpuSample[], at: number): void {
    const byId = new Map(samples.map((sample) => [sample.id, sample]));
    const ids = new Set(this.known.map(({ device }) => device.id));
    this.isOutdated = samples.some(({ id }) => !ids.has(id));
    const before = this.known;
    this.known = before.map((seen) => {
      const sample = byId.get(seen.device.id);
      return sample === undefined ? seen : { device: seen.device, sample, sampledAt: at };
    });
    for (const [place, seen] of this.known.entries()) this.compare(before[place]!.sample, seen);
  }

  private compare(before: GpuSample | undefined, { device, sample }: SeenDevice): void {
    if (before === undefined || sample === undefined || before === sample) return;
    const more = (name: 'resets' | 'eccErrors') => (sample[name] ?? 0) - (before[name] ?? sample[name] ?? 0);
    this.report(device, 'driver_reset', more('resets'));
    this.report(device, 'ecc_error', more('eccErrors'));
  }

  private report(device: GpuDevice, fault: DeviceFault, count: number): void {
    if (count <= 0) return;
    const what = fault === 'ecc_error' ? 'has uncorrected memory errors' : 'was reset by its driver';
    this.ports.logger.error('gpu', `GPU ${device.index} ${what}`, { device: device.index, reason: fault });
    for (const listener of this.listeners) listener.fault?.(device, fault, count);
  }

  private failed(error: unknown): void {
    this.isOutdated = true;
    if (this.failing || this.closed) return;
    this.failing = true;
    const why = error instanceof Error ? error.message : String(error);
    const message = `the GPU probe fails: ${why}; the last sample counts for ${COUNTS_MS / 1000} s, then memory is counted by what was claimed`;
    this.ports.logger.warn('gpu', message, { reason: 'probe_lost' });
  }

  private recovered(): void {
    if (!this.failing) return;
    this.failing = false;
    this.ports.logger.info('gpu', 'the GPU probe answers again', { reason: 'probe_back' });
  }

  private tell(): void {
    for (const listener of this.listeners) listener.changed?.();
  }

  private bounded(call: () => Promise<void>): Promise<void> {
    return bounded(call, LOOK_MS, this.ports.clock, NEVER);
  }
}
