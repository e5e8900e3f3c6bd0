import { type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import { type Config } from '../../config/index.js';

/** What a discipline is created with; `batch_max_wait_ms` stands beside the options because those with classes have it. */
export function disciplineOptions({
  discipline,
  options,
  batch_max_wait_ms,
}: Pick<Config['scheduler'], 'discipline' | 'options' | 'batch_max_wait_ms'>): Readonly<Record<string, unknown>> {
  return promotes(discipline, options) ? { batch_max_wait_ms, ...options } : options;
}

/** `edf` promotes where the discipline that its lanes belong to does. */
function promotes(discipline: string, { inside = 'priority-fifo' }: Readonly<Record<string, unknown>>): boolean {
  return discipline === 'priority-fifo' || (discipline === 'edf' && inside === 'priority-fifo');
}

/** Tells each queue what the tenants of the configuration weigh. */
export function knowingTenants(queues: QueueDisciplineFactory, tenants: Config['tenants']): QueueDisciplineFactory {
  const weighed = tenants.flatMap(({ id, weight }) => (weight === undefined ? [] : [[id, weight] as const]));
  const tenantWeights = Object.fromEntries(weighed);
  return { createQueue: (facts) => queues.createQueue({ ...facts, tenantWeights }) };
}
