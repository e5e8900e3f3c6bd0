import { openAccount } from './ledger.js';
import { Tariff, budgetHeaders, remainingOf } from './tariff.js';

const FREE = { price_input: 0, price_output: 0 };

describe('a tariff', () => {
  it('is inactive without a cap, whatever the prices (ORCH-3099)', () => {
    expect(new Tariff({ mode: 'enforce', price_input: 1, price_output: 1 }).isActive).toBe(false);
    expect(new Tariff({ mode: 'advisory', time_ms: 1, ...FREE }).isActive).toBe(true);
  });

  it('prices prompt and answer exactly, where sums of fractions would drift (ORCH-4407)', () => {
    const tariff = new Tariff({ mode: 'enforce', cost: 1, price_input: 0.1, price_output: 0.000000001 });
    const { cost } = tariff.amounts({ promptTokens: 3, outputTokens: 1, decodeMs: 0 });
    expect(cost).toBe(300_000_001);
  });

  it('counts tokens of both kinds and whole milliseconds (ORCH-4407)', () => {
    const tariff = new Tariff({ mode: 'enforce', tokens: 9, ...FREE });
    expect(tariff.amounts({ promptTokens: 2, outputTokens: 3, decodeMs: 7.6 })).toEqual({
      tokens: 5,
      timeMs: 8,
      cost: 0,
    });
  });
});

describe('what remains', () => {
  const { terms } = new Tariff({ mode: 'enforce', cost: 0.5, time_ms: 20, ...FREE });
  const account = openAccount(terms, { tokens: 1, timeMs: 30, cost: 499_999_998 });

  it('is told of caps that are set, and stops at 0 when a cap was lowered (OC-CTRL-2068)', () => {
    expect(remainingOf(account)).toEqual({ time_budget_remaining_ms: 0, cost_budget_remaining: 2e-9 });
  });

  it('is a decimal in headers, never with an exponent (OC-CTRL-2068)', () => {
    expect(budgetHeaders(account)).toEqual({
      'X-Budget-Time-Remaining-Ms': '0',
      'X-Budget-Cost-Remaining': '0.000000002',
    });
    expect(budgetHeaders(openAccount(terms))['X-Budget-Cost-Remaining']).toBe('0.5');
    expect(budgetHeaders(undefined)).toEqual({});
  });
});
