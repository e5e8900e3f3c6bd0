import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type Task } from '../tasks/task.js';

/** Shows preemptions; made only where preemption is on, so that its series exist only then. */
export class PreemptionTelemetry {
  private readonly preemptions;
  private readonly resumptions;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    const help = 'Tasks that gave way to more urgent ones.';
    this.preemptions = metrics.counter('preemptions_total', help, ['mode', 'engine']);
    this.resumptions = metrics.counter('resumptions_total', 'Suspended tasks that went on.', ['engine']);
  }

  /** `soft`: it was evicted while it waited. `hard`: its run was cut off and goes on later. */
  preempted(task: Task, mode: 'soft' | 'hard'): void {
    this.preemptions.inc({ mode, engine: task.engine });
    const what = mode === 'soft' ? 'task evicted for a more urgent one' : 'task suspended for a more urgent one';
    this.logger.info('preempted', what, { ...fieldsOf(task), reason: mode, tokens_out: task.tokensOut });
  }

  resumed(task: Task): void {
    this.resumptions.inc({ engine: task.engine });
  }
}

function fieldsOf({ request, engine, poolId, replicaId }: Task): Readonly<Record<string, unknown>> {
  const { correlationId: correlation_id, id: job_id, tenantId: tenant_id } = request;
  return { correlation_id, job_id, tenant_id, engine, pool_id: poolId, replica_id: replicaId };
}
