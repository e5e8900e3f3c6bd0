import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type Logger } from '../observability/logger.js';
import { type AnswerStore, type RememberedAnswer } from '../tasks/task-store.js';

/** A call that may be repeated, before it is answered. */
export type RepeatableCall = Omit<RememberedAnswer, 'answer'>;

interface Entry {
  digest: string;
  /** Undefined while the first call is still running. */
  answer: unknown;
  done: boolean;
  /** What the answer holds, where it can be large. */
  bytes: number;
  /** The store has the answer, too. */
  isStored: boolean;
  readonly expiresAt: number;
}

const MOST_ENTRIES = 100_000;
/** Of all answers together. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A longer answer is forgotten with the process. */
const MOST_STORED = 1024 * 1024;

export interface ReplayPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: answers are forgotten with the process. */
  readonly store?: AnswerStore;
}

/**
 * Remembers what was answered, so that a repeated call has no second effect, also after a restart. Only successes are
 * remembered; when there are too many, the oldest are left to the store alone.
 */
export class Replays {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;
  /** Calls whose answers only the store holds: when they are over, by numbers, which are small. The oldest come first. */
  private readonly stored = new Map<number, number>();

  constructor(
    private readonly ports: ReplayPorts,
    private readonly keepMs: number,
  ) {}

  /** Learns which calls were answered before the restart. */
  async start(): Promise<void> {
    const expiresAt = this.ports.clock.now() + this.keepMs;
    for (const name of (await this.ports.store?.names()) ?? []) this.stored.set(shortHash(name), expiresAt);
  }

  /**
   * Runs `effect` once per name. A repeated call with an equal body gets the recorded answer. `bytesOf` tells the size of
   * answers that can be large.
   * @throws AppError 422 when the body differs, 409 while the first call is running
   */
  async once<Answer>(
    name: string,
    body: unknown,
    effect: () => Promise<Answer>,
    bytesOf?: (answer: Answer) => number,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    const remembering = async (call: RepeatableCall, entry: Entry): Promise<Answer> => {
      const answer = await effect();
      entry.isStored = await this.remember(call, answer);
      return answer;
    };
    return this.run(name, body, remembering, bytesOf);
  }

  /** The same for an effect that stores the answer itself, so that there is never one of the two. */
  async onceStored<Answer>(
    name: string,
    body: unknown,
    effect: (call: RepeatableCall) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    return this.run(name, body, async (call, entry) => {
      const answer = await effect(call);
      entry.isStored = this.ports.store !== undefined;
      return answer;
    });
  }

  private async run<Answer>(
    name: string,
    body: unknown,
    effect: (call: RepeatableCall, entry: Entry) => Promise<Answer>,
    bytesOf: (answer: Answer) => number = () => 0,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    const digest = createHash('sha256').update(canonicalJson(body)).digest('base64');
    const known = this.find(name);
    if (known !== undefined) return { answer: recorded(known, digest) as Answer, replayed: true };
    const { clock } = this.ports;
    const expiresAt = clock.now() + this.keepMs;
    const entry: Entry = { digest, answer: undefined, done: false, bytes: 0, isStored: false, expiresAt };
    this.entries.set(name, entry);
    try {
      if (await this.recall(name, entry)) return { answer: recorded(entry, digest) as Answer, replayed: true };
      entry.answer = await effect({ name, digest, expiresMs: clock.epochMs() + this.keepMs }, entry);
      entry.done = true;
      this.hold(name, entry, bytesOf(entry.answer as Answer));
      return { answer: entry.answer as Answer, replayed: false };
    } catch (error) {
      if (!entry.done) this.forget(name, entry);
      throw error;
    } finally {
      this.trim();
    }
  }

  /** Takes the answer of a call over from before the restart; false when there is none. */
  private async recall(name: string, entry: Entry): Promise<boolean> {
    if ((this.stored.get(shortHash(name)) ?? 0) <= this.ports.clock.now()) return false;
    const answer = await this.ports.store?.find(name);
    if (answer === undefined || answer.expiresMs <= this.ports.clock.epochMs()) return false;
    entry.digest = answer.digest;
    entry.answer = JSON.parse(answer.answer);
    entry.done = true;
    entry.isStored = true;
    this.hold(name, entry, answer.answer.length);
    return true;
  }

  /** The effect has happened: a call whose answer is not stored is answered all the same. False for such a one. */
  private async remember(call: RepeatableCall, answer: unknown): Promise<boolean> {
    const { store, logger } = this.ports;
    const text = JSON.stringify(answer ?? null);
    if (store === undefined || text.length > MOST_STORED) return false;
    try {
      await store.remember({ ...call, answer: text });
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('store', `the answer to a call could not be stored: ${reason}`, { reason });
      return false;
    }
  }

  private find(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.expiresAt > this.ports.clock.now()) return entry;
    this.forget(name, entry);
    return undefined;
  }

  private hold(name: string, entry: Entry, bytes: number): void {
    if (this.entries.get(name) !== entry) return;
    entry.bytes = bytes;
    this.bytes += bytes;
  }

  private forget(name: string, entry: Entry): void {
    if (this.entries.get(name) !== entry) return;
    this.entries.delete(name);
    this.bytes -= entry.bytes;
  }

  /** Entries stand in the order of their expiry. A call that still runs stays: its repetition has to wait. */
  private trim(): void {
    const now = this.ports.clock.now();
    this.trimStored(now);
    for (const [name, entry] of this.entries) {
      const fits = this.entries.size <= MOST_ENTRIES && this.bytes <= MOST_BYTES;
      if (fits && entry.expiresAt > now) return;
      if (!entry.done && entry.expiresAt > now) continue;
      this.forget(name, entry);
      if (entry.isStored && entry.expiresAt > now) this.leaveToStore(shortHash(name), entry.expiresAt);
    }
  }

  private trimStored(now: number): void {
    for (const [hash, expiresAt] of this.stored) {
      if (expiresAt > now) return;
      this.stored.delete(hash);
    }
  }

  private leaveToStore(hash: number, expiresAt: number): void {
    this.stored.delete(hash);
    this.stored.set(hash, expiresAt);
  }
}

function recorded(entry: Entry, digest: string): unknown {
  if (entry.digest !== digest) {
    throw new AppError('IDEMPOTENCY_MISMATCH', 'the id or Idempotency-Key was used with another body; use a new one');
  }
  if (entry.done) return entry.answer;
  throw new AppError('CONFLICT', 'the first call with this id or Idempotency-Key is still running; try again in 1 s', {
    members: { retriable: true, retry_after_ms: 1000 },
  });
}

/** 48 bits: two names of one number only cost a look into the store. */
function shortHash(name: string): number {
  return createHash('sha256').update(name).digest().readUIntBE(0, 6);
}
