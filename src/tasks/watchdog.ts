import { type Clock } from '../kernel/clock.js';
import { type Run } from './run.js';

export interface RunLimits {
  readonly wallMs: number;
  readonly idleMs: number;
  readonly firstTokenMs: number;
  readonly metricsMs: number;
}

export type LimitName = 'wall' | 'idle' | 'first-token';

export interface WatchdogListener {
  onLimit(run: Run, limit: LimitName): void;
  /** At each tick while it decodes. */
  onLook(run: Run): void;
  /** It is time for a metrics frame. */
  onPulse(run: Run): void;
}

interface Watched {
  readonly run: Run;
  readonly limits: RunLimits;
  nextPulseAt: number | undefined;
  seenSignAt: number;
}

const TICK_MS = 100;

/** Looks after all runs with one shared tick, never with a timer per task or token. */
export class Watchdog {
  private readonly watched = new Map<Run, Watched>();
  private ticking = false;

  constructor(
    private readonly clock: Clock,
    private readonly listener: WatchdogListener,
  ) {}

  watch(run: Run, limits: RunLimits): void {
    this.watched.set(run, { run, limits, nextPulseAt: undefined, seenSignAt: run.lastSignAt });
    this.keepTicking();
  }

  forget(run: Run): void {
    this.watched.delete(run);
  }

  private keepTicking(): void {
    if (this.ticking || this.watched.size === 0) return;
    this.ticking = true;
    this.clock.schedule(TICK_MS, () => {
      this.ticking = false;
      const now = this.clock.now();
      for (const watched of this.watched.values()) this.look(watched, now);
      this.keepTicking();
    });
  }

  private look(watched: Watched, now: number): void {
    const { run, limits } = watched;
    if (run.stopped) return;
    const exceeded = exceededLimit(run, limits, now);
    if (exceeded !== undefined) return this.listener.onLimit(run, exceeded);
    const { firstTokenAt } = run.task;
    if (firstTokenAt === undefined) return;
    this.listener.onLook(run);
    if (run.stopped) return;
    if (run.lastSignAt > watched.seenSignAt) {
      watched.seenSignAt = run.lastSignAt;
      run.reportProgress();
    }
    watched.nextPulseAt ??= firstTokenAt + limits.metricsMs;
    if (now < watched.nextPulseAt) return;
    watched.nextPulseAt = now + limits.metricsMs;
    this.listener.onPulse(run);
  }
}

function exceededLimit(run: Run, limits: RunLimits, now: number): LimitName | undefined {
  if (now - run.startedAt > limits.wallMs) return 'wall';
  const silence = now - run.lastSignAt;
  if (run.hasDecoded) return silence > limits.idleMs ? 'idle' : undefined;
  return run.task.request.workload === 'completion' && silence > limits.firstTokenMs ? 'first-token' : undefined;
}
