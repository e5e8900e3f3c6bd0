/** Starts a call in another thread and tells its return code when it is over. */
export type StartCall = (done: (error: unknown, code: number) => void) => void;

interface Running {
  readonly name: string;
  readonly since: number;
}

/**
 * Calls into the driver, one at a time. A call cannot be taken back: one that hangs keeps its thread, so while it does
 * no other is begun, and a wedged driver costs one thread however often it is asked.
 */
export class DriverLine {
  private running: Running | undefined;
  private lastCall: (() => void) | undefined;
  private isEnded = false;

  constructor(private readonly now: () => number = () => performance.now()) {}

  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** The return code. @throws Error when the signal aborts, while an earlier call hangs, and after `end` */
  call(name: string, start: StartCall, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      this.demandFree();
      const giveUp = () => reject(reasonOf(signal, name));
      signal.addEventListener('abort', giveUp, { once: true });
      this.running = { name, since: this.now() };
      start((error, code) => {
        signal.removeEventListener('abort', giveUp);
        this.becomeFree();
        if (error) reject(new Error(`${name} could not be called`, { cause: error }));
        else resolve(code);
      });
    });
  }

  /** Begins no further call but `last`, which waits for the one that runs. */
  end(last: () => void): void {
    if (this.isEnded) return;
    this.isEnded = true;
    if (this.isBusy) this.lastCall = last;
    else last();
  }

  private demandFree(): void {
    if (this.isEnded) throw new Error('the NVML probe is closed; create another');
    if (this.running === undefined) return;
    const seconds = ((this.now() - this.running.since) / 1_000).toFixed(1);
    throw new Error(
      `the driver has not answered ${this.running.name} for ${seconds} s; if it stays so, reset the GPU or reboot`,
    );
  }

  private becomeFree(): void {
    this.running = undefined;
    this.lastCall?.();
    this.lastCall = undefined;
  }
}

function reasonOf(signal: AbortSignal, name: string): Error {
  return new Error(`the driver did not answer ${name} in time`, { cause: signal.reason });
}
