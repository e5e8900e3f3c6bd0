import { type DecisionQuery } from '@llama-orch/client';
import { invalidParams } from '../kernel/errors.js';
import { type Asked } from '../scheduling/receipts/counterfactual.js';

const LONGEST_DEADLINE_MS = 86_400_000;
const FORM = 'must be priority=interactive, priority=batch, deadline_ms=<1 to 86400000>, or two of them with a comma';

/** What a caller wants to know instead. @throws AppError `INVALID_PARAMS` that points at the parameter */
export function parseWhatIf(text: DecisionQuery['counterfactual']): Asked | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw invalid('must be sent once');
  const asked: { priority?: 'interactive' | 'batch'; deadline_ms?: number } = {};
  for (const part of text.split(',')) {
    const [name, value = '', ...rest] = part.split('=');
    if (rest.length > 0 || (name !== 'priority' && name !== 'deadline_ms') || asked[name] !== undefined) {
      throw invalid(FORM);
    }
    if (name === 'priority') asked.priority = priorityOf(value);
    else asked.deadline_ms = deadlineOf(value);
  }
  return asked;
}

function priorityOf(value: string): 'interactive' | 'batch' {
  if (value === 'interactive' || value === 'batch') return value;
  throw invalid(FORM);
}

function deadlineOf(value: string): number {
  const ms = /^\d{1,8}$/.test(value) ? Number(value) : 0;
  if (ms < 1 || ms > LONGEST_DEADLINE_MS) throw invalid(FORM);
  return ms;
}

function invalid(message: string) {
  return invalidParams([{ pointer: '/counterfactual', message }]);
}
