import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EngineError } from '@llama-orch/plugin-sdk';

/** After so many reads without a delay, the event loop gets a turn. */
const READS_PER_TURN = 256;

/** One slot in use: ends when the task is aborted, when the engine fails, or when the work is done. */
export class Run {
  #isOpen = true;
  #failure: EngineError | undefined;
  #wake: (() => void) | undefined;
  #reads = 0;
  readonly #onAbort = (): void => this.end();

  constructor(
    private readonly signal: AbortSignal,
    private readonly release: (run: Run) => void,
  ) {
    signal.addEventListener('abort', this.#onAbort);
  }

  /**
   * Waits, without a timer for 0 and `Infinity`.
   * @returns false, at once, when the task was aborted
   * @throws EngineError when the engine failed meanwhile
   */
  async pause(ms: number): Promise<boolean> {
    if (this.#isOpen) await (ms === 0 ? this.#breathe() : this.#sleep(ms));
    if (this.#failure) throw this.#failure;
    return this.#isOpen;
  }

  /** Gives the slot back. Calling twice is harmless. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.signal.removeEventListener('abort', this.#onAbort);
    this.release(this);
    this.#wake?.();
  }

  fail(error: EngineError): void {
    if (!this.#isOpen) return;
    this.#failure = error;
    this.end();
  }

  async #breathe(): Promise<void> {
    if (++this.#reads % READS_PER_TURN === 0) await nextTurn();
  }

  async #sleep(ms: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const timer = ms === Infinity ? undefined : setTimeout(() => this.#wake?.(), ms);
    await woken;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
