const LOOK_MS = 5;
const MICROSECONDS_PER_MS = 1_000;

/** Younger than the oldest Node that we run on. */
const THREAD: Partial<Pick<typeof process, 'threadCpuUsage'>> = process;

/**
 * The time that counts against what is examined. Looks are counted, because a machine that is slow, or stands still, is so
 * in looking as well. Processor time between two looks beyond that is charged too: nobody looks while an adapter holds the
 * event loop with work of its own. A call that sleeps in its place, such as one that waits for a child process, uses none
 * and looks like a machine that stands still.
 */
export class ChargedTime {
  #atLook = 0;
  #lookedAt = readClocks();
  readonly #timer: NodeJS.Timeout;

  /** `onLook` is told the milliseconds until now at each look; who waits for that is kept alive. */
  constructor(onLook?: (ms: number) => void) {
    this.#timer = setInterval(() => {
      this.#look();
      onLook?.(this.#atLook);
    }, LOOK_MS);
    if (!onLook) this.#timer.unref();
  }

  get ms(): number {
    return this.#atLook + this.#workMs();
  }

  /** Ends the looks. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#atLook += Math.max(LOOK_MS, this.#workMs());
    this.#lookedAt = readClocks();
  }

  /** Since the last look. No more than the time that went by: what other threads do beside this one holds up nobody. */
  #workMs(): number {
    const now = readClocks();
    return Math.min(now.wallMs - this.#lookedAt.wallMs, now.cpuMs - this.#lookedAt.cpuMs);
  }
}

/** Milliseconds of processor time that this thread had; where Node does not tell it, that the process had. */
export function cpuMs(): number {
  const { user, system } = THREAD.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / MICROSECONDS_PER_MS;
}

function readClocks(): { readonly wallMs: number; readonly cpuMs: number } {
  return { wallMs: performance.now(), cpuMs: cpuMs() };
}
