import { type QueueDiscipline, type QueueShare } from '@llama-orch/plugin-sdk';
import { type Metrics } from '../../observability/metrics.js';
import { type TaskTelemetry } from '../../tasks/task-telemetry.js';
import { DeadlineRatio } from './deadline-ratio.js';

/** Tenants and classes that are shown by name; those with the smallest shares are added up. */
const SHOWN = 255;
const CLASSES = ['interactive', 'batch'] as const;

/** Shows what the active discipline owns; the series of others do not exist. */
export function showDiscipline(
  queues: readonly QueueDiscipline[],
  metrics: Metrics,
  tasks: TaskTelemetry,
  deadlineWindow: number,
): void {
  if (queues.some((queue) => queue.shares !== undefined)) showShares(queues, metrics);
  if (queues.some((queue) => queue.leastHopeful !== undefined)) showDeadlines(metrics, tasks, deadlineWindow);
}

function showShares(queues: readonly QueueDiscipline[], metrics: Metrics): void {
  const gauge = metrics.gauge('admission_share', 'Part of the tokens that were dispatched lately.', [
    'tenant',
    'priority',
  ]);
  metrics.beforeScrape(() => {
    gauge.reset();
    for (const { tenantId: tenant, priority, share } of shownShares(queues)) gauge.inc({ tenant, priority }, share);
  });
}

/** The mean over the pools that have dispatched something. */
export function shownShares(queues: readonly QueueDiscipline[]): readonly QueueShare[] {
  const ofPools = queues.map((queue) => queue.shares?.() ?? []).filter((shares) => shares.length > 0);
  const merged = new Map<string, QueueShare>();
  for (const one of ofPools.flat()) {
    const key = `${one.priority} ${one.tenantId}`;
    merged.set(key, { ...one, share: (merged.get(key)?.share ?? 0) + one.share / ofPools.length });
  }
  const byShare = [...merged.values()].sort((a, b) => b.share - a.share);
  return byShare.map((one, at) => (at < SHOWN ? one : { ...one, tenantId: 'other' }));
}

function showDeadlines(metrics: Metrics, tasks: TaskTelemetry, window: number): void {
  const gauge = metrics.gauge('deadlines_met_ratio', 'Part of the last tasks with a deadline that met it.', [
    'priority',
  ]);
  const ratio = new DeadlineRatio(window);
  tasks.addListener({ ended: (task) => ratio.ended(task) });
  metrics.beforeScrape(() => {
    for (const priority of CLASSES) {
      const met = ratio.of(priority);
      if (met !== undefined) gauge.set({ priority }, met);
    }
  });
}
