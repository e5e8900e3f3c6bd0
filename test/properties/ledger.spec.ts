import { type TaskKey } from '../../src/kernel/ids.js';
import { SeededRandom } from '../../src/kernel/random.js';
import {
  type Account,
  type Amounts,
  DIMENSIONS,
  type Dimension,
  type LedgerEntry,
  type Terms,
  heldOf,
  openAccount,
  refund,
  remaining,
  reserve,
  settle,
  shortfallOf,
} from '../../src/sessions/ledger.js';
import { check } from './support/core-model.js';

/** Histories; LEDGER_HISTORIES changes how many. */
const HISTORIES = Number(process.env['LEDGER_HISTORIES'] ?? 100_000);
const LONGEST = 24;
const SEED = 4407;

const TASKS = ['a', 'b', 'c'] as TaskKey[];
const ZERO = { tokens: 0, timeMs: 0, cost: 0 };

/** An account beside the sums of its entries and what each task has reported. */
class Books {
  account: Account;
  private sums = { held: { ...ZERO }, spent: { ...ZERO } };
  private readonly reported = new Map<TaskKey, Amounts>();

  constructor(readonly terms: Terms) {
    this.account = openAccount(terms);
  }

  admit(task: TaskKey, ask: Amounts, least: Amounts): 'refused' | 'admitted' {
    const free = Object.fromEntries(DIMENSIONS.map((name) => [name, this.free(name)]));
    const fits = DIMENSIONS.every((name) => least[name] <= free[name]!);
    const refused = shortfallOf(this.account, least) !== undefined;
    check(
      refused === (!fits && this.terms.mode === 'enforce'),
      'a task is refused when its least does not fit, else not',
    );
    if (refused) return 'refused';
    if (this.account.reservations.has(task)) return 'admitted';
    const entry = this.enter(reserve(this.account, task, ask));
    for (const name of DIMENSIONS)
      check(entry.held[name] === Math.min(ask[name], free[name]!), `${name} is cut wrongly`);
    this.reported.set(task, ZERO);
    return 'admitted';
  }

  use(task: TaskKey, more: Amounts): boolean {
    const before = this.reported.get(task);
    if (before === undefined) return settle(this.account, task, more).brake;
    const soFar = plus(before, more);
    const { entry, brake } = settle(this.account, task, soFar);
    this.enter(entry);
    this.reported.set(task, soFar);
    check(this.enter(settle(this.account, task, before).entry).spent.tokens === 0, 'a late report counts again');
    check(!brake || this.isDry(task), 'a brake although something was left');
    return brake;
  }

  end(task: TaskKey): void {
    this.enter(refund(this.account, task));
    const again = this.enter(refund(this.account, task));
    check(
      DIMENSIONS.every((name) => again.held[name] === 0),
      'a second refund gives something',
    );
    this.reported.delete(task);
  }

  /** The process is gone: only what is used was written down. */
  crash(): void {
    this.account = openAccount(this.terms, this.account.used);
    this.sums.held = { ...ZERO };
    this.reported.clear();
    this.compare();
  }

  private enter(entry: LedgerEntry): LedgerEntry {
    for (const name of DIMENSIONS) {
      this.sums.held[name] += entry.held[name];
      this.sums.spent[name] += entry.spent[name];
    }
    this.compare();
    return entry;
  }

  private compare(): void {
    for (const name of DIMENSIONS) {
      const used = this.account.used[name];
      const held = heldOf(this.account, name);
      const cap = this.terms.caps[name] ?? Infinity;
      check(Number.isSafeInteger(used) && used >= 0 && held >= 0, `${name} is negative or broken`);
      check(used <= cap && used + held <= cap, `${name} exceeds its cap: ${used} + ${held} > ${cap}`);
      check(used === this.sums.spent[name] && held === this.sums.held[name], `${name}: entries and balance differ`);
      check((remaining(this.account, name) ?? 0) >= 0, `${name} remaining is negative`);
    }
  }

  private isDry(task: TaskKey): boolean {
    const held = this.account.reservations.get(task)!.held;
    return DIMENSIONS.some((name) => this.free(name) === 0 && held[name] === 0);
  }

  private free(name: Dimension): number {
    const cap = this.terms.caps[name];
    return cap === undefined ? Infinity : cap - this.account.used[name] - heldOf(this.account, name);
  }
}

function plus(a: Amounts, b: Amounts): Amounts {
  return { tokens: a.tokens + b.tokens, timeMs: a.timeMs + b.timeMs, cost: a.cost + b.cost };
}

describe('the ledger', () => {
  it(`keeps 0 ≤ used ≤ cap and entries = balance in ${HISTORIES} random histories of reserve, settle, refund, cancel and crash (ORCH-4407)`, () => {
    const random = new SeededRandom(SEED);
    const below = (most: number) => Math.floor(random.next() * most);
    const amounts = (most: number): Amounts => ({ tokens: below(most), timeMs: below(most), cost: below(most * 1000) });
    const seen = { refused: 0, admitted: 0, braked: 0, crashed: 0 };
    for (let history = 0; history < HISTORIES; history++) {
      const books = new Books(randomTerms(below));
      for (let move = 1 + below(LONGEST); move > 0; move--) {
        const task = TASKS[below(TASKS.length)]!;
        const what = below(20);
        if (what < 7) {
          const least = amounts(12);
          seen[books.admit(task, plus(least, amounts(60)), least)]++;
        } else if (what < 15) {
          // A task that the brake stops ends in the same turn.
          const braked = books.use(task, amounts(25));
          if (braked) books.end(task);
          seen.braked += Number(braked);
        } else if (what < 19) {
          books.end(task);
        } else {
          books.crash();
          seen.crashed++;
        }
      }
    }
    // The walk is worth something only when it came by everything that can happen.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(HISTORIES / 100);
  });
});

function randomTerms(below: (most: number) => number): Terms {
  const cap = (most: number) => (below(4) === 0 ? undefined : 1 + below(most));
  const caps = { tokens: cap(120), timeMs: cap(120), cost: cap(120_000) };
  const set = Object.entries(caps).filter(([, value]) => value !== undefined);
  return { mode: below(6) === 0 ? 'advisory' : 'enforce', caps: Object.fromEntries(set) };
}
