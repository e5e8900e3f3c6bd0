import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { type StreamFrame } from '@llama-orch/client';

export interface EventsOptions {
  /** Path query of the stream, such as `after=3`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type FrameOf<Event extends StreamFrame['event']> = Extract<StreamFrame, { event: Event }>;

/** One reader of an event stream: a connection of its own, its bytes, and the frames in them. */
export class Events {
  /** Everything that came, as it came. */
  text = '';
  /** All frames so far, those that were read included. */
  readonly all: StreamFrame[] = [];
  /** Comments so far. */
  comments = 0;
  private read = 0;
  private parsedTo = 0;
  private over = false;
  private wake: () => void = () => {};

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.take(text));
    response.on('close', () => this.end());
    response.on('error', () => this.end());
  }

  /** Opens a stream, or answers the refusal as a reader without frames. */
  static async open(url: string, { query, headers = {} }: EventsOptions = {}): Promise<Events> {
    const asked = request(query === undefined ? url : `${url}?${query}`, { headers, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return new Events(response);
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** True when the server ended the answer; false while it is open or after it was cut. */
  get complete(): boolean {
    return this.response.complete;
  }

  /** The next frame; undefined when there is none any more. */
  async next(): Promise<StreamFrame | undefined> {
    while (this.read === this.all.length && !this.over) await this.change();
    return this.all[this.read++];
  }

  /** Reads up to the next frame of this event. @throws Error when the stream ends before */
  async until<Event extends StreamFrame['event']>(event: Event): Promise<FrameOf<Event>> {
    for (;;) {
      const frame = await this.next();
      if (frame === undefined) throw new Error(`the stream ended without ${event}:\n${this.text}`);
      if (frame.event === event) return frame as FrameOf<Event>;
    }
  }

  /** Reads to the end; answers all frames of this connection. */
  async rest(): Promise<StreamFrame[]> {
    while (!this.over) await this.change();
    return this.all;
  }

  /** The whole body of a refusal. */
  async body<Body = Record<string, unknown>>(): Promise<Body> {
    await this.rest();
    return JSON.parse(this.text) as Body;
  }

  /** Cuts the connection. */
  close(): void {
    this.response.destroy();
    this.end();
  }

  /** Stops taking bytes off the socket. */
  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private take(text: string): void {
    this.text += text;
    for (let end = this.text.indexOf('\n\n', this.parsedTo); end >= 0; end = this.text.indexOf('\n\n', this.parsedTo)) {
      this.takeBlock(this.text.slice(this.parsedTo, end));
      this.parsedTo = end + 2;
    }
    this.wake();
  }

  private takeBlock(block: string): void {
    const lines = /^id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)$/.exec(block);
    if (lines !== null)
      this.all.push({ id: Number(lines[1]), event: lines[2], data: JSON.parse(lines[3]!) } as StreamFrame);
    else if (block === ':') this.comments++;
    else throw new Error(`this is no frame:\n${block}`);
  }

  private end(): void {
    this.over = true;
    this.wake();
  }
}

/** Output text of the `token` frames. */
export function textOf(frames: readonly StreamFrame[]): string {
  return frames.flatMap((frame) => (frame.event === 'token' ? [frame.data.t] : [])).join('');
}

/** The one closing frame. @throws Error when there is none, more than one, or something after it */
export function terminalOf(frames: readonly StreamFrame[]): FrameOf<'end'> | FrameOf<'error'> {
  const terminal = frames.filter(
    (frame): frame is FrameOf<'end'> | FrameOf<'error'> => frame.event === 'end' || frame.event === 'error',
  );
  if (terminal.length !== 1 || frames.at(-1) !== terminal[0]) {
    throw new Error(`expected one terminal frame, in the end: ${frames.map(({ event }) => event).join(' ')}`);
  }
  return terminal[0]!;
}
