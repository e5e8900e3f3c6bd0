import { type Config } from '../config/index.js';
import { type PreemptionRules } from './core/preemption.js';

/** Undefined while preemption is off. */
export function preemptionRules({ mode, hard_requirements: hard }: Config['preemption']): PreemptionRules | undefined {
  if (mode === 'disabled') return undefined;
  return { mode, mostPerMinute: hard.max_preemptions_per_min, protect: hard.protect_priorities };
}
