/** What waits for its turn to read on. */
export interface PausedStream {
  resume(): void;
}

/** Streams that read on per turn of the event loop: about a megabyte, some twenty milliseconds of work. */
const STREAMS_PER_TURN = 8;

/**
 * Lets streams that bring bytes without end read in turns. A socket whose buffer is full is read again and again before
 * any other is looked at; a few of them would hold everybody else for seconds.
 */
export class ReadTurns {
  readonly #waiting: PausedStream[] = [];
  readonly #turn = (): void => this.#resumeSome();
  #scheduled = false;

  /** Resumes `stream` in a later turn of the event loop, first come first served. */
  wait(stream: PausedStream): void {
    this.#waiting.push(stream);
    this.#schedule();
  }

  #resumeSome(): void {
    this.#scheduled = false;
    // A stream may come back while it resumes: that is for the next turn.
    for (const stream of this.#waiting.splice(0, STREAMS_PER_TURN)) stream.resume();
    if (this.#waiting.length > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }
}
