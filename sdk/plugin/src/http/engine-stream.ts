import { type EngineEvent } from '../contracts/engine.js';
import { EngineError, isEngineError } from '../contracts/engine-error.js';
import { badStream, failureError } from './engine-failure.js';
import { EventChannel } from './event-channel.js';
import { type HttpFailure } from './http-failure.js';
import { type HttpHandlers, type HttpReply, type HttpStream } from './http-stream.js';
import { type SseField, SseSplitter } from './sse-splitter.js';
import { type StreamLimits, type Upstream } from './upstream.js';

/** From the events of one engine's stream to those of the contract. One reader reads one stream. */
export interface StreamReader {
  /** The answer is complete: its end event was appended. Nothing is read any more. */
  readonly ended: boolean;
  /**
   * Appends what one event means; many mean nothing.
   * @throws EngineError for a failure that the engine reports, or an event that cannot be read
   */
  read(payload: string, field: SseField, into: EngineEvent[]): void;
  /**
   * The connection ended in an orderly way before `ended`: appends the end where that completes an answer. `isCut`: it
   * ended inside an event. Default: the answer was cut off.
   */
  close?(into: EngineEvent[], isCut: boolean): void;
  /** `ended` came before the engine's own end, so that the engine is told to stop. Default: never. */
  readonly leaves?: boolean;
}

/** Route and body of a generation, ready to send. */
export interface StreamCall {
  readonly path: string;
  readonly body: string;
}

/** What one generation needs from its connection. */
export interface EngineStreamWork {
  readonly upstream: Upstream;
  readonly limits: StreamLimits;
  readonly reader: StreamReader;
  /** Prepares the request: counts and checks the prompt. @throws EngineError */
  prepare(signal: AbortSignal): Promise<StreamCall> | StreamCall;
  /** What an answer means that is no event stream, also one with status 200. */
  refusal(reply: HttpReply): EngineError;
  /** Settles when the slot of a request that was cut off is free again. Default: the closed connection must do. */
  confirmFree?(): Promise<void>;
  /** Called once, when the generation needs its slot no more. */
  onOver(): void;
}

/** Without a reason of its own each abort would make an error with a stack. */
const OVER = 'over';
/** Events of other names are none of the answer's. */
const ANSWER_NAMES: ReadonlySet<string | undefined> = new Set([undefined, '', 'message', 'error']);

/** One `generate` over an event stream, from request to end event: what an adapter returns is `events`. */
export class EngineStream implements HttpHandlers {
  readonly events: EventChannel<EngineEvent>;
  readonly #splitter: SseSplitter;
  readonly #preparing = new AbortController();
  readonly #onAbort = (): void => (this.#over ? this.events.drop() : void this.#cancel());
  #batch: EngineEvent[] = [];
  #stream: HttpStream | undefined;
  #over = false;

  constructor(
    private readonly work: EngineStreamWork,
    private readonly signal: AbortSignal,
  ) {
    const { reader } = work;
    this.#splitter = new SseSplitter((payload, field, name) => {
      if (!reader.ended && ANSWER_NAMES.has(name)) reader.read(payload, field, this.#batch);
    });
    this.events = new EventChannel({
      pause: () => this.#stream?.pause(),
      resume: () => this.#stream?.resume(),
      cancel: () => this.#cancel(),
    });
  }

  /** Sends the request; everything else comes out of `events`. */
  async start(): Promise<void> {
    if (this.signal.aborted) return this.#finish();
    // The listener stays to the last: an abort also drops what waits behind the end, and the signal dies with its task.
    this.signal.addEventListener('abort', this.#onAbort, { once: true });
    try {
      const { path, body } = await this.work.prepare(this.#preparing.signal);
      if (!this.#over) this.#stream = this.work.upstream.postStream(path, body, this.work.limits, this);
    } catch (error) {
      this.#fail(asEngineError(error));
    }
  }

  onData(chunk: Buffer): void {
    const batch: EngineEvent[] = [];
    this.#batch = batch;
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      this.events.push(batch, chunk.length);
      return this.#fail(isEngineError(error) ? error : badStream(error));
    }
    this.events.push(batch, chunk.length);
    if (this.work.reader.ended) this.#finish();
  }

  onEnd(): void {
    // A good end comes here too, and making an error costs a stack.
    if (this.#over) return;
    const batch: EngineEvent[] = [];
    try {
      this.work.reader.close?.(batch, this.#splitter.isInside);
    } catch (error) {
      return this.#fail(isEngineError(error) ? error : badStream(error));
    }
    this.events.push(batch, 0);
    if (this.work.reader.ended) this.#finish();
    else this.#fail(truncated());
  }

  onReply(reply: HttpReply): void {
    this.#fail(this.work.refusal(reply));
  }

  onFailure(failure: HttpFailure): void {
    this.#fail(failureError(failure));
  }

  /** Ends with an error because the connection is closed under it. */
  close(): void {
    this.#fail(new EngineError('unavailable', 'The connection to the engine was closed.', { reason: 'closed' }));
  }

  /** Ends in the middle: the socket closes in this turn, the iteration ends when the slot is free. */
  async #cancel(): Promise<void> {
    if (this.#over) return;
    this.#settle();
    const wasSent = this.#stream !== undefined;
    this.#stream?.abort();
    this.events.drop();
    if (wasSent) await this.work.confirmFree?.();
    this.events.end();
  }

  /** A good end. The socket is left to bring the last HTTP chunk, so that it can be used again. */
  #finish(): void {
    if (this.#over) return;
    this.#settle();
    if (this.work.reader.leaves === true) this.#stream?.abort();
    this.events.end();
  }

  #fail(error: EngineError): void {
    if (this.#over) return;
    this.#settle();
    this.#stream?.abort();
    this.events.fail(error);
  }

  #settle(): void {
    this.#over = true;
    this.#preparing.abort(OVER);
    this.work.onOver();
  }
}

/** The stream closed in an orderly way, but the engine had not said that it was done. */
export function truncated(): EngineError {
  return new EngineError('reset', 'The engine ended its answer without saying that it was complete.', {
    reason: 'stream_truncated',
  });
}

function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  return new EngineError('adapter', 'The adapter failed before it asked the engine.', { reason: 'bug', cause: error });
}
