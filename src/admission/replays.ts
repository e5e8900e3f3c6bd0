import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';

interface Entry {
  readonly digest: string;
  /** Undefined while the first call is still running. */
  answer: unknown;
  done: boolean;
  /** What the answer holds, where it can be large. */
  bytes: number;
  readonly expiresAt: number;
}

const MOST_ENTRIES = 100_000;
/** Of all answers together. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Remembers what was answered, so that a repeated call has no second effect. Only successes are remembered;
 * the oldest entries go first when there are too many.
 */
export class Replays {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly keepMs: number,
  ) {}

  /**
   * Runs `effect` once per name. A repeated call with an equal body gets the recorded answer. `bytesOf` tells the size of
   * answers that can be large.
   * @throws AppError 422 when the body differs, 409 while the first call is running
   */
  async once<Answer>(
    name: string,
    body: unknown,
    effect: () => Promise<Answer>,
    bytesOf: (answer: Answer) => number = () => 0,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    const digest = createHash('sha256').update(canonicalJson(body)).digest('base64');
    const known = this.find(name);
    if (known !== undefined) return { answer: recorded(known, digest) as Answer, replayed: true };
    const entry: Entry = {
      digest,
      answer: undefined,
      done: false,
      bytes: 0,
      expiresAt: this.clock.now() + this.keepMs,
    };
    this.entries.set(name, entry);
    try {
      entry.answer = await effect();
      entry.done = true;
      this.hold(name, entry, bytesOf(entry.answer as Answer));
      return { answer: entry.answer as Answer, replayed: false };
    } catch (error) {
      this.forget(name, entry);
      throw error;
    } finally {
      this.trim();
    }
  }

  private find(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.expiresAt > this.clock.now()) return entry;
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

  /** Entries stand in the order of their expiry. */
  private trim(): void {
    const now = this.clock.now();
    for (const [name, entry] of this.entries) {
      const fits = this.entries.size <= MOST_ENTRIES && this.bytes <= MOST_BYTES;
      if (fits && entry.expiresAt > now) return;
      this.forget(name, entry);
    }
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
