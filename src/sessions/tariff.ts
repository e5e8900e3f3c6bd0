import { type Account, type Amounts, type Caps, type Dimension, type Terms, remaining } from './ledger.js';

/** Cost is counted in billionths, so that sums of prices are exact. */
const COST_UNITS = 1_000_000_000;

/** `budgets` of the configuration. Cost and prices are in one unit of the operator's choice; prices are per token. */
export interface BudgetSettings {
  readonly mode: Terms['mode'];
  readonly tokens?: number | undefined;
  readonly time_ms?: number | undefined;
  readonly cost?: number | undefined;
  readonly price_input: number;
  readonly price_output: number;
}

/** Tokens and time of one task, before they are priced. */
export interface Usage {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly decodeMs: number;
}

/** What may still be spent, with the names of the wire; only what has a cap. */
export interface Remaining {
  readonly tokens_budget_remaining?: number;
  readonly time_budget_remaining_ms?: number;
  readonly cost_budget_remaining?: number;
}

/** The operator's caps and prices: turns what tasks use into amounts of the ledger. */
export class Tariff {
  readonly terms: Terms;
  private readonly inputPrice: number;
  private readonly outputPrice: number;

  constructor(settings: BudgetSettings) {
    const { mode, tokens, time_ms: timeMs, cost } = settings;
    const caps = { tokens, timeMs, cost: cost === undefined ? undefined : toUnits(cost) };
    this.terms = { mode, caps: defined(caps) };
    this.inputPrice = toUnits(settings.price_input);
    this.outputPrice = toUnits(settings.price_output);
  }

  /** False when no cap is set: then nothing is counted. */
  get isActive(): boolean {
    return Object.keys(this.terms.caps).length > 0;
  }

  amounts({ promptTokens, outputTokens, decodeMs }: Usage): Amounts {
    return {
      tokens: promptTokens + outputTokens,
      timeMs: Math.round(decodeMs),
      cost: promptTokens * this.inputPrice + outputTokens * this.outputPrice,
    };
  }
}

const WIRE_NAMES: Readonly<Record<Dimension, string>> = {
  tokens: 'budgets.tokens',
  timeMs: 'budgets.time_ms',
  cost: 'budgets.cost',
};

/** The config key of a cap. */
export function capName(dimension: Dimension): string {
  return WIRE_NAMES[dimension];
}

/** An amount of the ledger in the units of the wire. */
export function wireAmount(dimension: Dimension, amount: number): number {
  return dimension === 'cost' ? amount / COST_UNITS : amount;
}

export function remainingOf(account: Account): Remaining {
  const tokens = remaining(account, 'tokens');
  const timeMs = remaining(account, 'timeMs');
  const cost = remaining(account, 'cost');
  return {
    ...(tokens === undefined ? {} : { tokens_budget_remaining: tokens }),
    ...(timeMs === undefined ? {} : { time_budget_remaining_ms: timeMs }),
    ...(cost === undefined ? {} : { cost_budget_remaining: wireAmount('cost', cost) }),
  };
}

/** The same as headers; cost is written without an exponent. */
export function budgetHeaders(account: Account | undefined): Readonly<Record<string, string>> {
  if (account === undefined) return {};
  const tokens = remaining(account, 'tokens');
  const timeMs = remaining(account, 'timeMs');
  const cost = remaining(account, 'cost');
  return {
    ...(tokens === undefined ? {} : { 'X-Budget-Tokens-Remaining': String(tokens) }),
    ...(timeMs === undefined ? {} : { 'X-Budget-Time-Remaining-Ms': String(timeMs) }),
    ...(cost === undefined ? {} : { 'X-Budget-Cost-Remaining': decimal(cost) }),
  };
}

/** `1500000000` → `1.5` */
function decimal(units: number): string {
  const whole = Math.floor(units / COST_UNITS);
  const fraction = String(units % COST_UNITS)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}

function toUnits(cost: number): number {
  return Math.round(cost * COST_UNITS);
}

function defined(caps: Readonly<Record<Dimension, number | undefined>>): Caps {
  return Object.fromEntries(Object.entries(caps).filter(([, cap]) => cap !== undefined));
}
