import { createHash } from 'node:crypto';
import { type DecidedHop, type KeptAnswer, type KeptAnswers } from '../egress/egress.js';
import { type Clock } from '../kernel/clock.js';

/** Whose answers, and how they were asked for: what of a call is not in its hops. */
export interface CacheScope {
  readonly tenant: string;
  readonly secrets: readonly string[];
  readonly maxBytes: number;
}

interface Entry {
  readonly answer: KeptAnswer;
  readonly bytes: number;
  readonly expiresAt: number;
}

/** Answers of all callers together. */
const MOST_BYTES = 32 * 1024 * 1024;
/** What an entry costs beside its body. */
const ENTRY_BYTES = 1_024;

/**
 * Answers to GET, for a while. An answer is found again by tenant, address, headers and names of secrets; it was not
 * redacted yet, and egress asks all policies before and after, so what is served is decided anew each time.
 */
export class AnswerCache {
  /** Oldest first, which is the order of expiry too. */
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(
    private readonly clock: Clock,
    /** 0: nothing is kept. */
    private readonly ttlMs: number,
    private readonly mostBytes = MOST_BYTES,
  ) {}

  /** The answers that one call may be given; undefined when nothing is kept. */
  for(scope: CacheScope): KeptAnswers | undefined {
    if (this.ttlMs === 0) return undefined;
    return {
      find: (hop) => this.find(hop, scope),
      keep: (hop, answer) => this.keep(hop, scope, answer),
    };
  }

  private find(hop: DecidedHop, scope: CacheScope): KeptAnswer | undefined {
    if (hop.method !== 'GET') return undefined;
    this.dropExpired();
    const answer = this.entries.get(keyOf(hop, scope))?.answer;
    return answer !== undefined && answer.body.length <= scope.maxBytes ? answer : undefined;
  }

  private keep(hop: DecidedHop, scope: CacheScope, answer: KeptAnswer): void {
    if (hop.method !== 'GET' || answer.status !== 200 || forbidsKeeping(answer)) return;
    const key = keyOf(hop, scope);
    const bytes = answer.body.length + ENTRY_BYTES;
    this.drop(key);
    if (bytes > this.mostBytes) return;
    this.entries.set(key, { answer, bytes, expiresAt: this.clock.now() + this.ttlMs });
    this.bytes += bytes;
    for (const [oldest] of this.entries) {
      if (this.bytes <= this.mostBytes) return;
      this.drop(oldest);
    }
  }

  private dropExpired(): void {
    const now = this.clock.now();
    for (const [key, { expiresAt }] of this.entries) {
      if (expiresAt > now) return;
      this.drop(key);
    }
  }

  private drop(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }
}

function keyOf({ url, headers }: DecidedHop, { tenant, secrets }: CacheScope): string {
  const sorted = headers.map(([name, value]) => [name.toLowerCase(), value]).sort(byText);
  const text = JSON.stringify([tenant, url, sorted, [...secrets].sort()]);
  return createHash('sha256').update(text).digest('base64');
}

function byText(a: readonly string[], b: readonly string[]): number {
  return a.join('\n') < b.join('\n') ? -1 : 1;
}

/** The far side says that an answer is for this once. */
function forbidsKeeping({ headers }: KeptAnswer): boolean {
  return headers.some(([name, value]) => name.toLowerCase() === 'cache-control' && /\bno-store\b/i.test(value));
}
