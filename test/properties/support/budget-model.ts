import { type SessionKey, type TaskKey } from '../../../src/kernel/ids.js';
import { type Account, NOTHING, openAccount } from '../../../src/sessions/ledger.js';
import { type SchedulerEvent } from '../../../src/scheduling/core/model.js';

type Opened = Extract<SchedulerEvent, { type: 'session-opened' }>;
type Submitted = Extract<SchedulerEvent, { type: 'submitted' }>;

export interface BudgetSetup {
  /** Tokens of the one session that all tasks belong to. */
  readonly cap: number;
  /** Of each task. */
  readonly promptTokens: number;
  readonly maxTokens: number;
}

interface Share {
  held: number;
  seen: number;
}

/** What a session with a budget promises, written down a second time, for tokens alone. */
export class BudgetModel {
  readonly key = 'default/s' as SessionKey;
  readonly opened: Opened;
  /** Replica of the last first token. */
  lastReplica: string | undefined;
  used = 0;
  private readonly account: Account;
  private readonly shares = new Map<TaskKey, Share>();

  constructor(readonly setup: BudgetSetup) {
    this.account = openAccount({ mode: 'enforce', caps: { tokens: setup.cap } });
    this.opened = { type: 'session-opened', session: this.key, account: this.account, lastReplica: undefined };
  }

  get part(): NonNullable<Submitted['session']> {
    const { promptTokens } = this.setup;
    const ask = { ...NOTHING, tokens: this.ask };
    return { key: this.key, reuse: true, budget: { ask, least: { ...NOTHING, tokens: promptTokens + 1 } } };
  }

  /** True when the prompt and one token of a newcomer fit into what nobody reserved. */
  get affords(): boolean {
    return this.setup.promptTokens + 1 <= this.free;
  }

  accepted(key: TaskKey): void {
    this.shares.set(key, { held: Math.min(this.ask, this.free), seen: 0 });
  }

  ended(key: TaskKey): void {
    this.shares.delete(key);
  }

  /** The next report of a running task, one token more than the last; undefined when it has had all it asked for. */
  nextUse(key: TaskKey): number | undefined {
    const seen = this.shares.get(key)?.seen ?? 0;
    if (seen === 0) return this.setup.promptTokens + 1;
    return seen < this.ask ? seen + 1 : undefined;
  }

  /** Books a report; true when the task has to stop. */
  use(key: TaskKey, tokens: number): boolean {
    const share = this.shares.get(key);
    if (share === undefined || tokens <= share.seen) return false;
    const more = tokens - share.seen;
    const fromHeld = Math.min(more, share.held);
    const spent = fromHeld + Math.min(more - fromHeld, this.free);
    share.held -= fromHeld;
    share.seen = tokens;
    this.used += spent;
    return share.held === 0 && this.free === 0 && tokens < this.ask;
  }

  /** What the core's books say otherwise; undefined when they agree. `live` are the tasks that have not ended. */
  difference(live: ReadonlySet<TaskKey>): string | undefined {
    const { used, reservations } = this.account;
    if (used.tokens !== this.used) return `${used.tokens} tokens are used, the core should say ${this.used}`;
    if (used.tokens < 0 || used.tokens > this.setup.cap) return `${used.tokens} used of ${this.setup.cap}`;
    for (const [key, { held }] of reservations) {
      if (!live.has(key)) return `${key} has ended and still holds ${held.tokens}`;
      if (held.tokens !== this.shares.get(key)?.held) return `${key} holds ${held.tokens}, which is wrong`;
    }
    return reservations.size === this.shares.size ? undefined : 'a task lives without its reservation';
  }

  /** All that can influence what happens from here on. */
  get fingerprint(): unknown {
    return [this.used, this.lastReplica, [...this.shares].map(([key, { held, seen }]) => [key, held, seen]).sort()];
  }

  private get ask(): number {
    return this.setup.promptTokens + this.setup.maxTokens;
  }

  private get free(): number {
    let held = 0;
    for (const share of this.shares.values()) held += share.held;
    return this.setup.cap - this.used - held;
  }
}
