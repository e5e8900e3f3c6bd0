import { type EngineEvent } from '@llama-orch/plugin-sdk';
import { badStream, type SseField, type StreamReader } from '@llama-orch/plugin-sdk/http';

/** A reader that is made when the request is prepared: what an answer looks like is asked of the server first. */
export class LateReader implements StreamReader {
  #reader: StreamReader | undefined;

  get ended(): boolean {
    return this.#reader?.ended ?? false;
  }

  get leaves(): boolean {
    return this.#reader?.leaves ?? false;
  }

  begin(reader: StreamReader): void {
    this.#reader = reader;
  }

  read(payload: string, field: SseField, into: EngineEvent[]): void {
    if (this.#reader === undefined) throw badStream('an answer before its question');
    this.#reader.read(payload, field, into);
  }

  close(into: EngineEvent[], isCut: boolean): void {
    this.#reader?.close?.(into, isCut);
  }
}
