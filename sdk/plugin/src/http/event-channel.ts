/** What a channel asks of the source that fills it. */
export interface ChannelSource {
  /** Stop reading: the consumer is behind. */
  pause(): void;
  /** Go on reading. */
  resume(): void;
  /** The consumer left before the end; settles when the source has let go. */
  cancel(): void | Promise<void>;
}

/** Bytes that may wait for the consumer before the source is paused; one more read may come on top. */
const HIGH_WATER_BYTES = 128 * 1024;

type Outcome =
  { readonly type: 'open' } | { readonly type: 'ended' } | { readonly type: 'failed'; readonly error: Error };

interface Reader<T> {
  readonly resolve: (result: IteratorResult<readonly T[], undefined>) => void;
  readonly reject: (error: Error) => void;
}

const OPEN: Outcome = { type: 'open' };
const ENDED: Outcome = { type: 'ended' };
const DONE = { done: true, value: undefined } as const;
const TURN_OVER = Promise.resolve();

/**
 * From pushed batches to an async iterable, for the `generate` of an adapter.
 *
 * Whatever is pushed during one turn of the event loop comes out as one batch, and so does everything that waited
 * while the consumer was busy. No promise is made before the consumer asks. One consumer at a time.
 */
export class EventChannel<T> implements AsyncIterableIterator<readonly T[], undefined> {
  #waiting: T[] | undefined;
  #waitingBytes = 0;
  #outcome = OPEN;
  #reader: Reader<T> | undefined;
  #flushing = false;
  #paused = false;
  #closed = false;
  readonly #flush = (): void => this.#deliver();

  constructor(private readonly source: ChannelSource) {}

  /** Adds what one read brought, in order; the channel owns the array from now on. `bytes` is its size on the wire. */
  push(batch: T[], bytes: number): void {
    if (this.#closed || batch.length === 0) return;
    if (this.#waiting === undefined) this.#waiting = batch;
    else for (const event of batch) this.#waiting.push(event);
    this.#waitingBytes += bytes;
    if (this.#reader !== undefined) this.#scheduleFlush();
    else if (this.#waitingBytes >= HIGH_WATER_BYTES) this.#pause();
  }

  /** Ends the iteration behind what waits. */
  end(): void {
    this.#settle(ENDED);
  }

  /** Throws `error` to the consumer behind what waits. */
  fail(error: Error): void {
    this.#settle({ type: 'failed', error });
  }

  /** Forgets what waits and takes nothing more; the iteration goes on until `end` or `fail`. */
  drop(): void {
    this.#closed = true;
    if (this.#waiting !== undefined) this.#take(this.#waiting);
  }

  next(): Promise<IteratorResult<readonly T[], undefined>> {
    if (this.#reader !== undefined)
      return Promise.reject(new TypeError('The channel is read by one consumer at a time.'));
    if (this.#waiting !== undefined) return Promise.resolve({ done: false, value: this.#take(this.#waiting) });
    if (this.#outcome.type === 'failed') return Promise.reject(this.#takeFailure(this.#outcome.error));
    if (this.#outcome.type === 'ended') return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  async return(): Promise<IteratorResult<readonly T[], undefined>> {
    const running = this.#outcome.type === 'open';
    this.drop();
    this.end();
    if (running) await this.source.cancel();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome.type !== 'open') return;
    this.#outcome = outcome;
    this.#closed = true;
    if (this.#reader !== undefined) this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void TURN_OVER.then(this.#flush);
  }

  #deliver(): void {
    this.#flushing = false;
    const reader = this.#reader;
    if (reader === undefined) return;
    if (this.#waiting === undefined && this.#outcome.type === 'open') return;
    this.#reader = undefined;
    if (this.#waiting !== undefined) reader.resolve({ done: false, value: this.#take(this.#waiting) });
    else if (this.#outcome.type === 'failed') reader.reject(this.#takeFailure(this.#outcome.error));
    else reader.resolve(DONE);
  }

  #take(batch: T[]): readonly T[] {
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    if (this.#paused) {
      this.#paused = false;
      this.source.resume();
    }
    return batch;
  }

  #takeFailure(error: Error): Error {
    this.#outcome = ENDED;
    return error;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.source.pause();
  }
}
