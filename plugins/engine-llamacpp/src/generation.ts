import { EngineError, isEngineError, type EngineEvent } from '@llama-orch/plugin-sdk';
import {
  badStream,
  EventChannel,
  failureError,
  readErrorBody,
  SseSplitter,
  type HttpFailure,
  type HttpHandlers,
  type HttpReply,
  type HttpStream,
  type StreamLimits,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { CompletionReader, truncated } from './completion-reader.js';
import { refusal } from './errors.js';

/** What one generation needs from its connection. */
export interface GenerationWork {
  readonly upstream: Upstream;
  readonly limits: StreamLimits;
  /** Prepares the request body: renders, counts and checks the prompt. */
  prepare(signal: AbortSignal): Promise<string>;
  /** Settles when the slot of a request that was cut off is free again. */
  confirmFree(): Promise<void>;
  /** Called once, when the generation needs its slot no more. */
  onOver(): void;
}

/** One running `/completion`, from request to end event. */
export class Generation implements HttpHandlers {
  readonly events: EventChannel<EngineEvent>;
  readonly #reader = new CompletionReader();
  readonly #splitter = new SseSplitter((payload, field) => this.#reader.read(payload, field, this.#batch));
  readonly #preparing = new AbortController();
  readonly #onAbort = (): void => (this.#over ? this.events.drop() : void this.#cancel());
  #batch: EngineEvent[] = [];
  #stream: HttpStream | undefined;
  #over = false;

  constructor(
    private readonly work: GenerationWork,
    private readonly signal: AbortSignal,
  ) {
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
      const body = await this.work.prepare(this.#preparing.signal);
      if (!this.#over) this.#stream = this.work.upstream.postStream('/completion', body, this.work.limits, this);
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
    if (this.#reader.ended) this.#finish();
  }

  onEnd(): void {
    // A good end comes here too, and making an error costs a stack.
    if (!this.#over) this.#fail(truncated());
  }

  onReply(reply: HttpReply): void {
    this.#fail(refusal(reply, readErrorBody(reply.text)));
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
    if (wasSent) await this.work.confirmFree();
    this.events.end();
  }

  /** A good end. The socket is left to bring the last HTTP chunk, so that it can be used again. */
  #finish(): void {
    if (this.#over) return;
    this.#settle();
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

/** Without a reason of its own each abort would make an error with a stack. */
const OVER = 'over';

function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  return new EngineError('adapter', 'The adapter failed before it asked the engine.', { reason: 'bug', cause: error });
}
