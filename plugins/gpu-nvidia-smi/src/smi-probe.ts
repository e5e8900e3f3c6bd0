import { type GpuDevice, type GpuProbe, type GpuSample } from '@llama-orch/plugin-sdk';
import { type Clock, systemClock } from './clock.js';
import { type SmiOptions } from './options.js';
import { Printer } from './printer.js';
import { type Round } from './rounds.js';
import { type StartPrinting, startSmi } from './smi-process.js';

/** Readings that are older, in intervals, count as no answer. */
const STALE_INTERVALS = 3;
/** A machine with many cards and no persistence daemon takes this long to print its first line. */
const FIRST_READING_MS = 30_000;
/** How long creation waits for a sign that it works, or that it cannot. */
const OPEN_MS = 5_000;
/** A process that hangs in the driver outlives even SIGKILL. */
const CLOSE_MS = 2_000;

export interface SmiSurroundings {
  readonly clock?: Clock;
  readonly start?: StartPrinting;
}

/** The GPUs of this machine as one long-lived `nvidia-smi` prints them. */
export class SmiProbe implements GpuProbe {
  private readonly printer: Printer;
  private readonly clock: Clock;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly options: SmiOptions,
    { clock = systemClock, start = startSmi }: SmiSurroundings,
  ) {
    this.clock = clock;
    this.printer = new Printer(options.command, options.interval_ms, clock, start);
  }

  /** @throws Error when `nvidia-smi` cannot be started, or ends at once; one that is slow may go on */
  static async open(options: SmiOptions, surroundings: SmiSurroundings = {}): Promise<SmiProbe> {
    const probe = new SmiProbe(options, surroundings);
    probe.printer.ensure();
    await probe.within(OPEN_MS, (signal) => probe.printer.change(signal));
    if (probe.printer.isRunning) return probe;
    throw new Error(`${probe.printer.complaint}; install the NVIDIA driver, or set \`command\``);
  }

  async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    await this.freshRound(signal);
    return this.printer.rounds.devices;
  }

  async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    const { samples } = await this.freshRound(signal);
    return samples;
  }

  close(): Promise<void> {
    this.closing ??= this.within(CLOSE_MS, async (signal) => {
      this.printer.end('the probe is closed');
      while (this.printer.isRunning) await this.printer.change(signal);
    });
    return this.closing;
  }

  /** Waits for the first round of a process, never for a later one. @throws Error that says why there is none */
  private async freshRound(signal: AbortSignal): Promise<Round> {
    signal.throwIfAborted();
    this.demandOpen();
    this.printer.ensure();
    const patienceMs = this.patienceMs - this.printer.silentMs;
    if (patienceMs < 0) this.endSilent();
    if (!this.printer.round) await this.firstRound(patienceMs, signal);
    this.demandOpen();
    const { round } = this.printer;
    if (round) return round;
    throw this.printer.failure;
  }

  /** How long it may print nothing. */
  private get patienceMs(): number {
    const staleMs = STALE_INTERVALS * this.options.interval_ms;
    return this.printer.round ? staleMs : Math.max(staleMs, FIRST_READING_MS);
  }

  private async firstRound(patienceMs: number, signal: AbortSignal): Promise<void> {
    if (patienceMs < 0) return;
    const cancel = this.clock.after(patienceMs, () => this.endSilent());
    try {
      await this.printer.change(signal);
    } finally {
      cancel();
    }
  }

  /** The next call after its end starts another. */
  private endSilent(): void {
    this.printer.end(`none came for ${(this.printer.silentMs / 1_000).toFixed(1)} s`);
  }

  private demandOpen(): void {
    if (this.closing) throw new Error('the nvidia-smi probe is closed; create another');
  }

  /** Runs with a signal that aborts after a while; giving up is no failure here. */
  private async within(ms: number, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const cancel = this.clock.after(ms, () => controller.abort());
    try {
      await run(controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      cancel();
    }
  }
}
