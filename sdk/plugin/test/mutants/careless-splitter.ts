/** What a hand-made reader of event streams gets wrong; by default it is right for small and clean streams. */
export interface Carelessness {
  /** Decodes each piece by itself. */
  readonly decodesPieces?: boolean;
  /** Takes each piece for whole events. */
  readonly forgetsRests?: boolean;
  /** Forgets a rest that is older than this. */
  readonly restLivesMs?: number;
  readonly needsLf?: boolean;
  readonly needsSpace?: boolean;
  readonly oneDataLine?: boolean;
  readonly keepsMark?: boolean;
  readonly readsComments?: boolean;
  readonly refusesNames?: boolean;
}

type Sink = (payload: string, field: 'data' | 'error') => void;

/** Splits text at empty lines, as many readers do. */
export class CarelessSplitter {
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #rest = '';
  #restAt = 0;

  constructor(
    private readonly careless: Carelessness,
    private readonly sink: Sink,
  ) {}

  push(chunk: Buffer): void {
    const { decodesPieces, forgetsRests, restLivesMs = Infinity, needsLf } = this.careless;
    const text = decodesPieces ? chunk.toString() : this.#decoder.decode(chunk, { stream: true });
    const isOld = performance.now() - this.#restAt > restLivesMs;
    const all = (forgetsRests || isOld ? '' : this.#rest) + text;
    const events = (needsLf ? all : all.replaceAll(/\r\n/g, '\n')).split('\n\n');
    this.#rest = events.pop() ?? '';
    this.#restAt = performance.now();
    for (const event of events) this.#event(event);
  }

  #event(event: string): void {
    const { needsSpace, oneDataLine, keepsMark, readsComments, refusesNames } = this.careless;
    const lines = (keepsMark ? event : event.replace(/^\uFEFF/, '')).split('\n');
    if (readsComments) lines.forEach((line) => line.startsWith(':') && this.sink(`{"t":"${line.slice(1)}"}`, 'data'));
    const name = lines
      .find((line) => line.startsWith('event:'))
      ?.slice(6)
      .trim();
    if (name !== undefined && name !== 'message' && !refusesNames) return;
    const prefix = needsSpace ? /^data: / : /^data: ?/;
    const data = lines.filter((line) => prefix.test(line)).map((line) => line.replace(prefix, ''));
    if (data.length > 0) this.sink(oneDataLine ? data[0]! : data.join('\n'), 'data');
    const failure = lines.find((line) => line.startsWith('error:'));
    if (failure !== undefined) this.sink(failure.slice(6), 'error');
  }
}
