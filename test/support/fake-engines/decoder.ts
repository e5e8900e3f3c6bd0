import { type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { chunk, unframed } from './chunks.js';
import { type Fault } from './fault.js';
import { END_OF_TURN, type Word } from './model.js';

/** Why an answer ended: the model's own end, the limit, or a stop string. */
export type StopType = 'eos' | 'limit' | 'word';

/** One generation, as far as its frames depend on it. */
export interface RunView {
  readonly promptIds: readonly number[];
  readonly limit: number;
  /** Tokens computed so far. */
  readonly predicted: number;
  /** Text shown so far. */
  readonly shown: string;
  readonly slotId: number;
}

/** How one kind of engine writes the stream of one generation. Frames are strings such as `data: {…}\n\n`. */
export interface StreamWire {
  readonly headers: Readonly<Record<string, string>>;
  /** What comes with the head, such as the chunk that names the role. */
  begin?(run: RunView): string;
  /** One step as a whole HTTP chunk, see `chunk`. */
  token(run: RunView, text: string, word: Word): Buffer;
  /** What says that the answer is complete, in order. */
  end(run: RunView, stopType: StopType, stoppingWord: string): readonly string[];
  /** Follows `end`, means nothing by itself: `data: [DONE]`. */
  readonly done?: string;
  /** A failure in mid-stream, with whatever the engine sends behind it. `field` is for engines that write `error:`. */
  error(message: string | undefined, field: 'data' | 'error'): string;
}

/** What a completion asks for, once its prompt is tokens. */
export interface Assignment {
  readonly response: ServerResponse;
  readonly promptIds: readonly number[];
  readonly answer: { readonly words: readonly Word[]; readonly endsItself: boolean };
  /** Tokens at most. */
  readonly limit: number;
  readonly stop: readonly string[];
  readonly wire: StreamWire;
  readonly fault: Fault | undefined;
}

export interface Pace {
  /** Tokens per second and stream; 0 = as fast as the socket takes them. */
  readonly tps: number;
  readonly prefillMs: number;
}

interface Slot {
  readonly id: number;
  busy: boolean;
  decoded: number;
}

interface Run extends Assignment, RunView {
  readonly socket: Socket;
  slot: Slot | undefined;
  slotId: number;
  /** Position in the answer. */
  next: number;
  predicted: number;
  shown: string;
  /** Text that may be the start of a stop string. */
  held: string;
  timer: NodeJS.Timeout | undefined;
  startedAt: number;
  over: boolean;
}

const MIN_WAIT_MS = 1;
/** A machine that stood still longer has computed nothing meanwhile. */
const MOST_LATE_MS = 50;
/** Events per write of a saturating stream. */
const BLOCK_EVENTS = 32;
const FLOOD_MS = 5;

/** The slots of a server: decodes what has one, lets the rest wait without a head. */
export class Decoder {
  readonly slots: readonly Slot[];
  /** Tokens computed, prompt tokens read, and generations whose client left, since the start. */
  decoded = 0;
  prompted = 0;
  abandoned = 0;
  readonly #deferred: Run[] = [];
  readonly #running = new Set<Run>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #speed: Pace;

  constructor(slotCount: number, speed: Pace) {
    this.#speed = speed;
    this.slots = Array.from({ length: slotCount }, (_, id) => ({ id, busy: false, decoded: 0 }));
  }

  get deferred(): number {
    return this.#deferred.length;
  }

  get busySlots(): number {
    return this.slots.filter((slot) => slot.busy).length;
  }

  start(assignment: Assignment): void {
    const fresh = { slot: undefined, slotId: -1, next: 0, predicted: 0, shown: '', held: '', timer: undefined };
    const socket = assignment.response.socket as Socket;
    const run: Run = { ...assignment, ...fresh, socket, startedAt: 0, over: false };
    this.#running.add(run);
    run.response.on('close', () => this.#leave(run));
    this.#enter(run);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #after(ms: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #enter(run: Run): void {
    const slot = this.slots.find((candidate) => !candidate.busy);
    if (slot === undefined) {
      this.#deferred.push(run);
      return;
    }
    slot.busy = true;
    slot.decoded = 0;
    run.slot = slot;
    run.slotId = slot.id;
    this.prompted += run.promptIds.length;
    const waitMs = this.#speed.prefillMs + (run.fault?.type === 'slow-head' ? run.fault.ms : 0);
    if (waitMs > 0) run.timer = this.#after(waitMs, () => this.#begin(run));
    else this.#begin(run);
  }

  #begin(run: Run): void {
    run.startedAt = performance.now();
    run.socket.setNoDelay(true);
    run.socket.cork();
    run.response.writeHead(200, { ...run.wire.headers, 'Transfer-Encoding': 'chunked' });
    run.response.flushHeaders();
    const opening = run.wire.begin?.(run) ?? '';
    if (opening !== '') writeBytes(run, chunk(opening));
    if (this.#speed.tps > 0) this.#pace(run);
    else this.#saturate(run);
    run.socket.uncork();
  }

  /** Sends what is due by now, then waits for the next token. */
  #pace(run: Run): void {
    const { tps } = this.#speed;
    const lateMs = performance.now() - run.startedAt - (run.predicted * 1_000) / tps;
    run.startedAt += Math.max(0, lateMs - MOST_LATE_MS);
    const due = 1 + Math.floor(((performance.now() - run.startedAt) * tps) / 1_000);
    const block: Buffer[] = [];
    while (!run.over && run.predicted < due && !this.#misbehaves(run, block)) this.#decode(run, block);
    this.#write(run, block);
    if (run.over || isHalted(run)) return;
    const waitMs = (run.predicted * 1_000) / tps - (performance.now() - run.startedAt);
    run.timer = this.#after(Math.max(MIN_WAIT_MS, waitMs), () => this.#pace(run));
  }

  /** One block per turn of the event loop: however fast the readers are, the other routes are answered in between. */
  #saturate(run: Run): void {
    if (run.over) return;
    const block: Buffer[] = [];
    while (!run.over && block.length < BLOCK_EVENTS && !this.#misbehaves(run, block)) this.#decode(run, block);
    const room = this.#write(run, block);
    if (run.over || isHalted(run)) return;
    if (room) setImmediate(() => this.#saturate(run));
    else run.socket.once('drain', () => this.#saturate(run));
  }

  /** Appends the event of the next step, and the last one where the generation ends. */
  #decode(run: Run, block: Buffer[]): void {
    const { words, endsItself } = run.answer;
    const word = words[run.next % words.length];
    if (word === undefined || (endsItself && run.next >= words.length)) return this.#endByItself(run, block);
    run.next += 1;
    this.#count(run, Math.min(word.ids.length, run.limit - run.predicted));
    const isCutInside = word.ids.length > 1 && run.predicted === run.limit;
    const { shown, held, stop } = untilStop(run.held + (isCutInside ? '' : word.text), run.stop);
    run.held = held;
    if (shown !== '' || stop !== undefined) this.#show(run, block, shown, word);
    if (stop !== undefined) this.#end(run, block, 'word', stop);
    else if (run.predicted >= run.limit) this.#end(run, block, 'limit');
  }

  #show(run: Run, block: Buffer[], text: string, word: Word): void {
    run.shown += text;
    block.push(run.wire.token(run, text, word));
  }

  #endByItself(run: Run, block: Buffer[]): void {
    this.#count(run, 1);
    if (run.next === 0) this.#show(run, block, '', { text: '', ids: [END_OF_TURN] });
    this.#end(run, block, 'eos');
  }

  #count(run: Run, tokens: number): void {
    run.predicted += tokens;
    this.decoded += tokens;
    if (run.slot !== undefined) run.slot.decoded = run.predicted;
  }

  #end(run: Run, block: Buffer[], stopType: StopType, stoppingWord = ''): void {
    if (stopType !== 'word' && run.held !== '') this.#show(run, block, run.held, { text: '', ids: [] });
    for (const frame of run.wire.end(run, stopType, stoppingWord)) block.push(chunk(frame));
    const { done } = run.wire;
    const times = run.fault?.type === 'done' ? run.fault.times : 1;
    if (done !== undefined && times > 0) block.push(chunk(done.repeat(times)));
    run.over = true;
  }

  /** Does what the fault says once its moment has come; true when nothing may be decoded any more. */
  #misbehaves(run: Run, block: Buffer[]): boolean {
    const { fault } = run;
    if (fault === undefined || !('afterTokens' in fault) || run.predicted < fault.afterTokens) return false;
    if (fault.type === 'comments') this.#flood(run, fault.perTick);
    if (fault.type === 'stall' || fault.type === 'comments') return true;
    if (fault.type === 'raw') block.push(chunk(fault.bytes));
    if (fault.type === 'error-event') {
      block.push(chunk(run.wire.error(fault.message, fault.field ?? 'data')));
    }
    run.over = true;
    return true;
  }

  #flood(run: Run, perTick: number): void {
    if (run.socket.destroyed || run.over) return;
    run.socket.write(chunk(':\n\n'.repeat(perTick)));
    run.timer = this.#after(FLOOD_MS, () => this.#flood(run, perTick));
  }

  /** Writes a block and, where the run is over, how it ends; false when the socket is full. */
  #write(run: Run, block: readonly Buffer[]): boolean {
    const room = run.socket.destroyed || block.length === 0 || writeBytes(run, Buffer.concat(block));
    if (!run.over) return room;
    if (run.fault?.type === 'reset') run.socket.resetAndDestroy();
    else if (run.fault?.type === 'fin') run.socket.end();
    else run.response.end();
    this.#release(run);
    return room;
  }

  #leave(run: Run): void {
    if (!this.#running.has(run)) return;
    this.abandoned += 1;
    run.over = true;
    clearTimeout(run.timer);
    const waiting = this.#deferred.indexOf(run);
    if (waiting !== -1) this.#deferred.splice(waiting, 1);
    if (run.fault?.type === 'clinging-slot') this.#after(run.fault.ms, () => this.#release(run));
    else this.#release(run);
  }

  /** Frees the slots that cling to clients who left. */
  letGo(): void {
    for (const run of this.#running) if (run.over && run.fault?.type === 'clinging-slot') this.#release(run);
  }

  #release(run: Run): void {
    this.#running.delete(run);
    if (run.timer !== undefined) clearTimeout(run.timer);
    if (run.timer !== undefined) this.#timers.delete(run.timer);
    if (run.slot === undefined) return;
    run.slot.busy = false;
    run.slot = undefined;
    const waiting = this.#deferred.shift();
    if (waiting !== undefined) this.#enter(waiting);
  }
}

/** What may be shown of a text, and what must wait because a stop string may begin there. */
function untilStop(text: string, stops: readonly string[]): { shown: string; held: string; stop: string | undefined } {
  const stop = stops.find((candidate) => text.includes(candidate));
  if (stop !== undefined) return { shown: text.slice(0, text.indexOf(stop)), held: '', stop };
  for (let from = 0; stops.length > 0 && from < text.length; from += 1) {
    const end = text.slice(from);
    if (stops.some((candidate) => candidate.startsWith(end))) return { shown: text.slice(0, from), held: end, stop };
  }
  return { shown: text, held: '', stop };
}

function isHalted(run: Run): boolean {
  const { fault } = run;
  return (fault?.type === 'stall' || fault?.type === 'comments') && run.predicted >= fault.afterTokens;
}

function writeBytes(run: Run, bytes: Buffer): boolean {
  if (run.fault?.type !== 'byte-writes') return run.socket.write(bytes);
  let room = true;
  for (const byte of unframed(bytes)) room = run.socket.write(chunk(Buffer.of(byte)));
  return room;
}
