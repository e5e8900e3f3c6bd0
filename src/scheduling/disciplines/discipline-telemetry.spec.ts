import { readFileSync } from 'node:fs';
import { type QueueDiscipline, type QueueShare } from '@llama-orch/plugin-sdk';
import { parse } from 'yaml';
import { Metrics } from '../../observability/metrics.js';
import { TaskTelemetry } from '../../tasks/task-telemetry.js';
import { type Task } from '../../tasks/task.js';
import { QuietLogger } from '../../../test/support/quiet-logger.js';
import { showDiscipline, shownShares } from './discipline-telemetry.js';

const contract = parse(readFileSync('contracts/metrics.yaml', 'utf8')) as {
  required_metrics: { name: string; type: string; labels: string[]; when?: string }[];
};

function queueWith(members: Partial<QueueDiscipline>): QueueDiscipline {
  const none = () => undefined;
  const empty = { enqueue: none, requeue: none, next: none, remove: () => false, position: none, peek: none };
  return { size: 0, sizeOf: () => 0, ...empty, ...members };
}

const share = (tenantId: string, part: number): QueueShare => ({ tenantId, priority: 'batch', share: part });
const task = (facts: object) => ({ request: { priority: 'interactive' }, state: 'completed', ...facts }) as Task;

/** Metrics of a daemon with these queues, and a way to end tasks. */
function shown(queues: readonly QueueDiscipline[], window = 100) {
  const metrics = new Metrics();
  const telemetry = new TaskTelemetry(new Metrics(), new QuietLogger());
  const listeners: { ended?(one: Task): void }[] = [];
  telemetry.addListener = (listener) => void listeners.push(listener);
  showDiscipline(queues, metrics, telemetry, window);
  return { metrics, end: (facts: object) => listeners.forEach((listener) => listener.ended?.(task(facts))) };
}

describe('the series of a discipline', () => {
  it('do not exist while no discipline owns them (ORCH-4903)', async () => {
    const text = await shown([queueWith({})]).metrics.text();
    expect(text).not.toMatch(/admission_share|deadlines_met_ratio/);
  });

  it.each(['admission_share', 'deadlines_met_ratio'])(
    'have the type and the labels of the contract: %s (ORCH-3076)',
    (name) => {
      const { metrics } = shown([queueWith({ shares: () => [], leastHopeful: () => undefined })]);
      const { type, labels } = contract.required_metrics.find((one) => one.name === name)!;
      expect(metrics.registry.getSingleMetric(name)).toMatchObject({ type, labelNames: labels });
    },
  );

  it('show shares as the mean over pools that have dispatched something (ORCH-3076)', async () => {
    const one = queueWith({ shares: () => [share('a', 0.75), share('b', 0.25)] });
    const other = queueWith({ shares: () => [share('a', 0.25), share('c', 0.75)] });
    const text = await shown([one, other, queueWith({ shares: () => [] })]).metrics.text();
    expect(text).toContain('admission_share{tenant="a",priority="batch"} 0.5');
    expect(text).toContain('admission_share{tenant="b",priority="batch"} 0.125');
    expect(text).toContain('admission_share{tenant="c",priority="batch"} 0.375');
  });

  it('add up the smallest shares beyond 255 as other (OC-METRICS-7102)', () => {
    const shares = Array.from({ length: 300 }, (_, at) => share(`t${at}`, at / 44_850));
    const merged = shownShares([queueWith({ shares: () => shares })]);
    const names = new Set(merged.map(({ tenantId }) => tenantId));
    expect([names.size, names.has('t299'), names.has('t0'), names.has('other')]).toEqual([256, true, false, true]);
    expect(merged.reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1, 9);
  });

  it('show which part of the last tasks with a deadline met it, without those taken back (ORCH-3081)', async () => {
    const { metrics, end } = shown([queueWith({ leastHopeful: () => undefined })], 4);
    expect(await metrics.text()).not.toContain('deadlines_met_ratio{');
    end({ deadlineAt: 10, endedAt: 20 });
    end({ deadlineAt: 10, endedAt: 10 });
    end({ deadlineAt: 10, endedAt: 9, state: 'evicted' });
    end({ deadlineAt: 10, endedAt: 9, state: 'cancelled' });
    end({ deadlineAt: undefined, endedAt: 9 });
    end({ deadlineAt: 10, endedAt: 5 });
    expect(await metrics.text()).toContain('deadlines_met_ratio{priority="interactive"} 0.5');
    end({ deadlineAt: 10, endedAt: 5 });
    expect(await metrics.text()).toContain('deadlines_met_ratio{priority="interactive"} 0.75');
  });
});
