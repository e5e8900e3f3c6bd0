import { type GenerateFrame } from '../protocol.js';

/** One request inside the runner: can be cancelled, and held while the daemon is slow. */
export class Job {
  private readonly abort = new AbortController();
  private held = false;
  private wake: (() => void) | undefined;

  constructor(readonly request: GenerateFrame) {}

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get cancelled(): boolean {
    return this.abort.signal.aborted;
  }

  cancel(): void {
    this.abort.abort();
    this.resume();
  }

  pause(): void {
    this.held = !this.cancelled;
  }

  resume(): void {
    this.held = false;
    this.wake?.();
    this.wake = undefined;
  }

  /** Resolves at once, or when the daemon is ready for more. */
  async ready(): Promise<void> {
    while (this.held) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}
