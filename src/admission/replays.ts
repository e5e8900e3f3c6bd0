import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';

interface Entry {
  readonly digest: string;
  /** Undefined while the first call is still running. */
  answer: unknown;
  done: boolean;
  readonly expiresAt: number;
}

const MOST_ENTRIES = 100_000;

/**
 * Remembers what was answered, so that a repeated call has no second effect. Only successes are remembered;
 * the oldest entries go first when there are too many.
 */
export class Replays {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly keepMs: number,
  ) {}

  /**
   * Runs `effect` once per name. A repeated call with an equal body gets the recorded answer.
   * @throws AppError 422 when the body differs, 409 while the first call is running
   */
  async once<Answer>(
    name: string,
    body: unknown,
    effect: () => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    const digest = createHash('sha256').update(canonicalJson(body)).digest('base64');
    const known = this.find(name);
    if (known !== undefined) return { answer: recorded(known, digest) as Answer, replayed: true };
    const entry: Entry = { digest, answer: undefined, done: false, expiresAt: this.clock.now() + this.keepMs };
    this.entries.set(name, entry);
    try {
      entry.answer = await effect();
      entry.done = true;
      return { answer: entry.answer as Answer, replayed: false };
    } catch (error) {
      this.entries.delete(name);
      throw error;
    } finally {
      this.trim();
    }
  }

  private find(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.expiresAt > this.clock.now()) return entry;
    this.entries.delete(name);
    return undefined;
  }

  /** Entries stand in the order of their expiry. */
  private trim(): void {
    const now = this.clock.now();
    for (const [name, entry] of this.entries) {
      if (this.entries.size <= MOST_ENTRIES && entry.expiresAt > now) return;
      this.entries.delete(name);
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
