import { type Dispatcher } from 'undici';
import {
  failureKind,
  httpFailure,
  type ExchangeStage,
  type HttpFailure,
  type HttpFailureKind,
} from './http-failure.js';
import { type Countdown, whenSpent } from './own-time.js';
import { ReadTurns } from './read-turns.js';

/** A complete reply. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request, checked and ready to send. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds from the sent request to the head of the reply; 0 = no limit. */
  readonly headTimeoutMs: number;
  /** Milliseconds of silence inside the reply; 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** Largest reply that is collected, in bytes. A stream is not collected. */
  readonly maxReplyBytes: number;
}

/** What comes back. After `abort` none of them is called, otherwise exactly one of the last three ends the exchange. */
export interface HttpHandlers {
  /** One piece of the stream; several may come in one turn. */
  onData(chunk: Buffer): void;
  /** The stream is complete on the level of HTTP, which does not mean that the engine was done. */
  onEnd(): void;
  /** Anything but a stream with status 200. */
  onReply(reply: HttpReply): void;
  onFailure(failure: HttpFailure): void;
}

const STREAM_TYPE = 'text/event-stream';
/** What one stream may bring before others have their turn. */
const BYTES_PER_TURN = 128 * 1024;
const readTurns = new ReadTurns();
const STOPPED = new Error('stopped by the caller');

/** One exchange over undici's callbacks: no promise, no stream object and no copy between socket and handler. */
export class HttpStream implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #stage: ExchangeStage = 'connecting';
  #reply: { readonly status: number; readonly headers: HttpReply['headers']; readonly parts: Buffer[] } | undefined;
  #replyBytes = 0;
  #turnBytes = 0;
  #heldByConsumer = false;
  #waitsForTurn = false;
  #over = false;
  /** Of the wait for the head, then of the silence inside the reply. */
  #limit: Countdown | undefined;
  readonly #onAbort = (): void => this.abort();

  private constructor(
    private readonly request: HttpRequest,
    private readonly handlers: HttpHandlers,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Sends a request. An abort of `signal` is an `abort()`. */
  static open(dispatcher: Dispatcher, request: HttpRequest, handlers: HttpHandlers, signal?: AbortSignal): HttpStream {
    const stream = new HttpStream(request, handlers, signal);
    if (signal?.aborted === true) stream.#over = true;
    else stream.#send(dispatcher);
    return stream;
  }

  /** Closes the connection in this very turn and calls no handler any more. Harmless at any time. */
  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#controller?.abort(STOPPED);
  }

  /** Stops reading from the socket. */
  pause(): void {
    this.#heldByConsumer = true;
    if (!this.#over) this.#controller?.pause();
  }

  /** Reads on; what had arrived is handed over before this returns, except where other streams are due first. */
  resume(): void {
    this.#heldByConsumer = false;
    this.#readOn();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#stage = 'sent';
    if (this.#over) return controller.abort(STOPPED);
    this.#limitTo(this.request.headTimeoutMs, () => this.#stop('head-timeout'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpReply['headers']): void {
    if (status < 200 || this.#over) return;
    this.#limitTo(this.request.idleTimeoutMs, () => this.#onSilence());
    this.#stage = 'replying';
    const isStream = status === 200 && String(headers['content-type']).startsWith(STREAM_TYPE);
    if (!isStream) this.#reply = { status, headers, parts: [] };
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    this.#limit?.restart();
    if (this.#reply === undefined) return this.#pass(chunk);
    this.#replyBytes += chunk.length;
    if (this.#replyBytes > this.request.maxReplyBytes) return this.#stop('malformed');
    this.#reply.parts.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#finish();
    if (this.#reply === undefined) return this.handlers.onEnd();
    const { status, headers, parts } = this.#reply;
    this.handlers.onReply({ status, headers, text: Buffer.concat(parts).toString('utf8') });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#over) return;
    this.#finish();
    this.handlers.onFailure(httpFailure(failureKind(error, this.#stage), error));
  }

  #pass(chunk: Buffer): void {
    this.#turnBytes += chunk.length;
    if (this.#turnBytes >= BYTES_PER_TURN) this.#waitForTurn();
    this.handlers.onData(chunk);
  }

  #waitForTurn(): void {
    this.#turnBytes = 0;
    if (this.#waitsForTurn) return;
    this.#waitsForTurn = true;
    this.#controller?.pause();
    readTurns.wait({ resume: () => this.#takeTurn() });
  }

  #takeTurn(): void {
    this.#waitsForTurn = false;
    this.#readOn();
  }

  #readOn(): void {
    if (this.#over || this.#heldByConsumer || this.#waitsForTurn) return;
    this.#limit?.restart();
    this.#controller?.resume();
  }

  #send(dispatcher: Dispatcher): void {
    const { method, origin, path, headers, body } = this.request;
    this.signal?.addEventListener('abort', this.#onAbort, { once: true });
    // Those of undici are over as soon as the machine stood still for so long.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    dispatcher.dispatch({ method, origin, path, headers, body: body ?? null, ...timeouts }, this);
  }

  #limitTo(ms: number, act: () => void): void {
    this.#limit?.cancel();
    this.#limit = ms > 0 ? whenSpent(ms, act) : undefined;
  }

  /** While nothing is read, silence is our own. */
  #onSilence(): void {
    if (this.#heldByConsumer || this.#waitsForTurn) this.#limitTo(this.request.idleTimeoutMs, () => this.#onSilence());
    else this.#stop('idle-timeout');
  }

  #stop(kind: HttpFailureKind): void {
    this.abort();
    this.handlers.onFailure(httpFailure(kind));
  }

  #finish(): void {
    this.#over = true;
    this.#limit?.cancel();
    this.signal?.removeEventListener('abort', this.#onAbort);
  }
}
