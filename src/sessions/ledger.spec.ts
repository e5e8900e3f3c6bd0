import { type TaskKey } from '../kernel/ids.js';
import {
  type Account,
  type Amounts,
  DIMENSIONS,
  NOTHING,
  type Terms,
  heldOf,
  openAccount,
  refund,
  remaining,
  reserve,
  settle,
  shortfallOf,
} from './ledger.js';

const A = 'default/a' as TaskKey;
const B = 'default/b' as TaskKey;

const tokens = (count: number): Amounts => ({ ...NOTHING, tokens: count });
const capped = (count: number, mode: Terms['mode'] = 'enforce'): Account =>
  openAccount({ mode, caps: { tokens: count } });
const heldBy = (account: Account, task: TaskKey) => account.reservations.get(task)?.held.tokens;

describe('a reservation', () => {
  it('is all that the task asks for, where it goes that far (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    expect([heldBy(account, A), remaining(account, 'tokens')]).toEqual([60, 100]);
  });

  it('is cut to what nobody else reserved (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    reserve(account, B, tokens(60));
    expect(heldBy(account, B)).toBe(40);
  });

  it('is refused only when prompt and first token cannot be covered (ORCH-3099, ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(90));
    expect(shortfallOf(account, tokens(10))).toBeUndefined();
    expect(shortfallOf(account, tokens(11))).toEqual({
      ...{ dimension: 'tokens', cap: 100, used: 0, reserved: 90, needed: 11 },
    });
  });

  it('names the first dimension that is short (OC-CORE-1023)', () => {
    const account = openAccount({ mode: 'enforce', caps: { timeMs: 5, cost: 5 } });
    settleAll(account, { tokens: 1_000, timeMs: 5, cost: 5 });
    expect(shortfallOf(account, { tokens: 9, timeMs: 1, cost: 1 })?.dimension).toBe('timeMs');
  });

  it('twice for one task is one (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    expect(reserve(account, A, tokens(60)).held).toEqual(NOTHING);
    expect(heldBy(account, A)).toBe(60);
  });
});

describe('a settlement', () => {
  it('counts each token once, however often and late it is reported (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    for (const soFar of [10, 10, 25, 20]) settle(account, A, tokens(soFar));
    expect([account.used.tokens, heldBy(account, A)]).toEqual([25, 35]);
  });

  it('takes from what nobody reserved when the reservation is used up (ORCH-4407)', () => {
    const account = openAccount({ mode: 'enforce', caps: { timeMs: 100 } });
    reserve(account, A, { ...NOTHING, timeMs: 10 });
    expect(settle(account, A, { ...NOTHING, timeMs: 40 }).brake).toBe(false);
    expect(account.used.timeMs).toBe(40);
  });

  it('brakes when nothing is left that the task could go on with (OC-CORE-1024)', () => {
    const account = capped(100);
    reserve(account, A, tokens(150));
    expect([99, 100].map((soFar) => settle(account, A, tokens(soFar)).brake)).toEqual([false, true]);
  });

  it('lets a task that has had all it asked for end by itself (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(100));
    expect(settle(account, A, tokens(100)).brake).toBe(false);
  });

  it('never books more than the cap, whatever is reported (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(200));
    expect(settle(account, A, tokens(130)).entry.spent.tokens).toBe(100);
    expect([account.used.tokens, remaining(account, 'tokens')]).toEqual([100, 0]);
  });

  it('gives back at last what an estimate booked too much (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    settle(account, A, tokens(30));
    expect(settle(account, A, tokens(22), 'last').entry.spent.tokens).toBe(-8);
    expect(account.used.tokens).toBe(22);
  });

  it('of a task that has been refunded changes nothing (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    refund(account, A);
    expect(settle(account, A, tokens(10))).toMatchObject({ brake: false, entry: { spent: NOTHING } });
    expect(account.used.tokens).toBe(0);
  });
});

describe('a refund', () => {
  it('gives the rest back exactly once (ORCH-4407)', () => {
    const account = capped(100);
    reserve(account, A, tokens(60));
    settle(account, A, tokens(10));
    expect([refund(account, A).held.tokens, refund(account, A).held.tokens]).toEqual([-50, 0]);
    expect([account.used.tokens, heldOf(account, 'tokens')]).toEqual([10, 0]);
  });

  it('after a crash is that nobody holds anything any more (ORCH-4407)', () => {
    const before = capped(100);
    reserve(before, A, tokens(100));
    settle(before, A, tokens(10));
    const after = openAccount(before.terms, before.used);
    expect([shortfallOf(after, tokens(90)), after.used.tokens]).toEqual([undefined, 10]);
  });
});

describe('advisory budgets', () => {
  it('neither refuse nor brake, and what remains stops at 0 (ORCH-4407)', () => {
    const account = capped(10, 'advisory');
    expect(shortfallOf(account, tokens(500))).toBeUndefined();
    reserve(account, A, tokens(500));
    expect(settle(account, A, tokens(500)).brake).toBe(false);
    expect([account.used.tokens, remaining(account, 'tokens')]).toEqual([10, 0]);
  });
});

it('counts what has no cap, and shares it out to everybody (ORCH-4407)', () => {
  const account = capped(1_000_000);
  settleAll(account, { tokens: 5, timeMs: 77, cost: 3 });
  expect([account.used.timeMs, remaining(account, 'timeMs')]).toEqual([77, undefined]);
  expect(DIMENSIONS.every((dimension) => heldOf(account, dimension) === 0)).toBe(true);
});

function settleAll(account: Account, amounts: Amounts): void {
  reserve(account, B, amounts);
  settle(account, B, amounts);
  refund(account, B);
}
