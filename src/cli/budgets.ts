import { type Session } from '@llama-orch/client';
import { counted, duration } from './text.js';

type Remaining = Pick<Session, 'tokens_budget_remaining' | 'time_budget_remaining_ms' | 'cost_budget_remaining'>;

/** What is left of a budget, for people; undefined without budgets. */
export function budgetFacts(remaining: Remaining): string | undefined {
  const { tokens_budget_remaining: tokens, time_budget_remaining_ms: timeMs, cost_budget_remaining: cost } = remaining;
  const parts = [
    tokens === undefined ? undefined : counted(tokens, 'token'),
    timeMs === undefined ? undefined : `${duration(timeMs)} of decoding`,
    cost === undefined ? undefined : `cost ${cost}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}
