import { type EngineEvent } from '../contracts/engine.js';
import { EngineStream, type EngineStreamWork } from './engine-stream.js';

/** The generations of one connection that still hold a slot. */
export class RunningStreams {
  readonly #streams = new Set<EngineStream>();

  get size(): number {
    return this.#streams.size;
  }

  /** Begins a generation; the answer is what `generate` returns. */
  open(work: Omit<EngineStreamWork, 'onOver'>, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    const stream: EngineStream = new EngineStream({ ...work, onOver: () => this.#streams.delete(stream) }, signal);
    this.#streams.add(stream);
    void stream.start();
    return stream.events;
  }

  /** Ends all of them with an error, because the connection is closed under them. */
  close(): void {
    for (const stream of this.#streams) stream.close();
  }
}
