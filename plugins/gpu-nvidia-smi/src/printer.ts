import { type Clock } from './clock.js';
import { LastWords } from './last-words.js';
import { Lines } from './lines.js';
import { FIELDS, parseLine } from './parse.js';
import { type Round, Rounds } from './rounds.js';
import { type Printing, type StartPrinting } from './smi-process.js';

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** A process that lived this many intervals was no failed start. */
const SETTLED_INTERVALS = 10;
/** Far above what a thousand GPUs print in one interval. */
const MOST_OUTPUT = 1_048_576;
const FLOOD_WINDOW_MS = 1_000;

/** One process at a time that prints readings; started again, with growing pauses, when it ended. */
export class Printer {
  readonly rounds = new Rounds();
  private readonly words = new LastWords();
  private process: Printing | undefined;
  private startedAt = 0;
  private failures = 0;
  private startAgainAt = 0;
  /** Why there are no readings, once there is a reason. */
  private reason = 'it was not started yet';
  private isEnding = false;
  private output = { since: 0, characters: 0 };
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly argv: readonly string[],
    private readonly intervalMs: number,
    private readonly clock: Clock,
    private readonly start: StartPrinting,
  ) {}

  get isRunning(): boolean {
    return this.process !== undefined;
  }

  /** The last round of the process that runs; undefined before its first one, and while it ends. */
  get round(): Round | undefined {
    return this.isRunning && !this.isEnding ? this.rounds.last : undefined;
  }

  /** Since the last reading, or since the start while there is none. */
  get silentMs(): number {
    return this.clock.now() - (this.rounds.last?.at ?? this.startedAt);
  }

  /** A sentence that says why there are no readings. */
  get complaint(): string {
    return `nvidia-smi gives no readings, ${this.reason}${this.words.suffix}`;
  }

  get failure(): Error {
    if (this.isRunning) return new Error(this.complaint);
    const pauseMs = Math.max(0, this.startAgainAt - this.clock.now());
    return new Error(`${this.complaint}; it is not started again for ${Math.ceil(pauseMs / 1_000)} s`);
  }

  /** Makes sure that it runs. @throws Error while it ends, and while it pauses after a failure */
  ensure(): void {
    if (this.isEnding) throw this.failure;
    if (this.process) return;
    if (this.clock.now() < this.startAgainAt) throw this.failure;
    this.begin();
  }

  /** Ends it, because of `reason`. Another is started only when this one is gone: it may hang in the driver. */
  end(reason: string): void {
    if (!this.process || this.isEnding) return;
    this.reason = reason;
    this.isEnding = true;
    this.process.kill();
    this.wakeAll();
  }

  /** Resolves with the next round, and when the process ends. @throws Error when the signal aborts */
  async change(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = withResolvers();
    const giveUp = () => reject(new Error('nvidia-smi did not answer in time', { cause: signal.reason }));
    signal.addEventListener('abort', giveUp);
    this.waiting.add(resolve);
    try {
      await promise;
    } finally {
      this.waiting.delete(resolve);
      signal.removeEventListener('abort', giveUp);
    }
  }

  private begin(): void {
    const lines = new Lines((line) => this.takeLine(line));
    this.rounds.beginAnew();
    this.words.forget();
    this.startedAt = this.clock.now();
    this.output = { since: this.startedAt, characters: 0 };
    this.reason = 'it printed none yet';
    const query = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits', '-lms', `${this.intervalMs}`];
    this.process = this.start([...this.argv, ...query], {
      onOutput: (text) => {
        if (this.isFlooded(text.length)) this.end('it printed without end');
        else lines.push(text);
      },
      onNoise: (text) => this.words.hear(text),
      onExit: (how) => this.takeExit(how),
    });
  }

  private takeLine(text: string): void {
    const line = parseLine(text);
    if (line === undefined) this.words.hear(text);
    else if (this.rounds.add(line, this.clock.now())) this.wakeAll();
  }

  private takeExit(how: string): void {
    const hasLasted = this.clock.now() - this.startedAt >= SETTLED_INTERVALS * this.intervalMs;
    this.failures = hasLasted && this.rounds.last ? 0 : this.failures + 1;
    const pauseMs = FIRST_BACKOFF_MS * 2 ** Math.max(0, this.failures - 1);
    this.startAgainAt = this.clock.now() + Math.min(pauseMs, LONGEST_BACKOFF_MS);
    if (!this.isEnding) this.reason = `it ended with ${how}`;
    this.process = undefined;
    this.isEnding = false;
    this.wakeAll();
  }

  private isFlooded(characters: number): boolean {
    const now = this.clock.now();
    if (now - this.output.since >= FLOOD_WINDOW_MS) this.output = { since: now, characters: 0 };
    this.output.characters += characters;
    return this.output.characters > MOST_OUTPUT;
  }

  private wakeAll(): void {
    for (const wake of this.waiting) wake();
  }
}

interface Resolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function withResolvers(): Resolvers {
  let resolve = (): void => undefined;
  let reject = (_error: Error): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
