import { type EngineError, type EngineEvent, type GenerateRequest } from '@llama-orch/plugin-sdk';

/** Characters that may wait for a consumer before the runner is asked to pause. */
const PAUSE_ABOVE = 64 * 1024;

/** What a generation asks of its connection. */
export interface GenerationPort {
  /** Sends the request to the runner. @throws EngineError when there is no runner that could take it */
  start(generation: Generation): void;
  /** Asks the runner to stop; the connection answers with `release`, whatever happens. */
  cancel(generation: Generation): void;
  pause(generation: Generation): void;
  resume(generation: Generation): void;
}

type Batch = readonly EngineEvent[];
type Ending = { readonly type: 'end' } | { readonly type: 'error'; readonly error: EngineError };

/**
 * One running request as its consumer sees it: batches of events, pulled. Written by hand, since an async generator
 * costs several promises per batch on the busiest path of the adapter.
 */
export class Generation implements AsyncIterable<Batch>, AsyncIterator<Batch, undefined> {
  private readonly onAbort = () => this.cancel();
  private started = false;
  private cancelled = false;
  private paused = false;
  private batch: EngineEvent[] = [];
  private buffered = 0;
  private ending: Ending | undefined;
  private wake: (() => void) | undefined;

  constructor(
    readonly id: number,
    readonly request: GenerateRequest,
    private readonly signal: AbortSignal,
    private readonly port: GenerationPort,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Batch, undefined>> {
    if (!this.started) this.start();
    while (this.mustWait()) await new Promise<void>((resolve) => (this.wake = resolve));
    // The listener is gone after the end, so a late abort shows only here.
    if (this.cancelled || this.signal.aborted) return this.over();
    if (this.batch.length > 0) return { done: false, value: this.take() };
    if (this.ending?.type !== 'error') return this.over();
    const { error } = this.ending;
    this.ending = { type: 'end' };
    throw error;
  }

  /** A consumer that leaves early gives its slot back before the loop goes on. */
  async return(): Promise<IteratorResult<Batch, undefined>> {
    if (!this.started) this.ending = { type: 'end' };
    this.started = true;
    this.cancel();
    while (this.mustWait()) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.over();
  }

  /** Text and end event from the runner. Dropped once the consumer has left. */
  push(event: EngineEvent): void {
    if (this.ending) return;
    // The runner may have been done before it read the cancel: then nothing else says that the slot is free.
    if (this.cancelled) return event.type === 'end' ? this.release({ type: 'end' }) : undefined;
    this.batch.push(event);
    if (event.type === 'token') this.buffered += event.text.length;
    if (event.type === 'end') return this.release({ type: 'end' });
    if (!this.paused && this.buffered > PAUSE_ABOVE) {
      this.paused = true;
      this.port.pause(this);
    }
    this.notify();
  }

  /** The slot is free, or gone with its runner. */
  release(ending: Ending): void {
    if (this.ending) return;
    this.ending = ending;
    this.signal.removeEventListener('abort', this.onAbort);
    this.notify();
  }

  private start(): void {
    this.started = true;
    if (this.signal.aborted) {
      this.cancelled = true;
      this.ending = { type: 'end' };
      return;
    }
    this.signal.addEventListener('abort', this.onAbort, { once: true });
    try {
      this.port.start(this);
    } catch (error) {
      this.release({ type: 'error', error: error as EngineError });
    }
  }

  private cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.batch = [];
    if (!this.ending) this.port.cancel(this);
    this.notify();
  }

  private mustWait(): boolean {
    if (this.ending) return false;
    return this.cancelled || this.batch.length === 0;
  }

  private take(): Batch {
    const taken = this.batch;
    this.batch = [];
    this.buffered = 0;
    if (this.paused) {
      this.paused = false;
      this.port.resume(this);
    }
    return taken;
  }

  private over(): IteratorReturnResult<undefined> {
    return { done: true, value: undefined };
  }

  private notify(): void {
    this.wake?.();
    this.wake = undefined;
  }
}
