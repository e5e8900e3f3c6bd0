import { type CreateTask } from '@llama-orch/client';
import { ABI_VERSION, type AdmissionEvent, type PatchOp } from '@llama-orch/policy-sdk/abi';
import { type AuditEntry, type AuditLog, type DecisionRecord } from '../audit/audit-log.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { newDecisionId } from '../kernel/ids.js';
import { type Logger } from '../observability/logger.js';
import { type Redactor } from '../observability/redactor.js';
import { recordOf } from '../policy-host/decision-record.js';
import { type Policies } from '../policy-host/policies.js';
import { type ChainCall, type ChainOutcome } from '../policy-host/sandbox/chain.js';
import { type UnplacedRequest } from './task-request.js';

export interface PolicyGateParts {
  readonly policies: Pick<Policies, 'decide' | 'has'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly redactor: Pick<Redactor, 'value' | 'text'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A task as it was sent, and as it was read. */
export interface Newcomer {
  readonly body: CreateTask;
  readonly request: UnplacedRequest;
}

/** Asks the admission policies: they refuse a task, or change its class and labels. The prompt is not shown to them. */
export class PolicyGate {
  constructor(private readonly parts: PolicyGateParts) {}

  /** False when nobody would be asked. */
  get isAsked(): boolean {
    return this.parts.policies.has('on_admission');
  }

  /** The newcomer as the policies leave it. @throws AppError 403 `POLICY_DENIED` */
  async pass(newcomer: Newcomer): Promise<Newcomer> {
    const call = this.callFor(newcomer);
    const outcome = await this.parts.policies.decide(call);
    this.record(newcomer, call, outcome);
    if (outcome.isBusy === true) throw crowded(outcome);
    if (outcome.decision === 'deny') throw denial(outcome, call.event.decisionId);
    return patched(newcomer, outcome);
  }

  private callFor({ body, request }: Newcomer): ChainCall {
    const { clock, redactor } = this.parts;
    const now = clock.epochMs();
    const labels = { ...request.poolLabels };
    const event: AdmissionEvent = {
      abi: ABI_VERSION,
      decisionId: newDecisionId(now),
      kind: 'task.admission',
      correlationId: request.correlationId,
      traceparent: null,
      now,
      mode: 'enforce',
      agent: { id: request.clientId },
      session: { id: request.sessionId, tenant: request.tenantId, labels: {} },
      task: { id: request.id, attempt: 1, labels },
      usage: { callsInTask: 0, bytesOut: 0 },
      config: {},
      admission: {
        workload: request.workload,
        modelRef: request.modelRef,
        priority: request.priority,
        maxTokens: request.maxTokens,
        promptBytes: promptBytesOf(body),
        deadlineMs: request.deadlineMs ?? null,
        labels,
      },
    };
    return { hook: 'on_admission', event: redactor.value(event), bodies: new Map(), counters: {} };
  }

  /** The task does not wait for the disk: it is kept in memory itself. */
  private record({ request }: Newcomer, call: ChainCall, outcome: ChainOutcome): void {
    const { audit, logger } = this.parts;
    if (outcome.outcomes.length === 0) return;
    const record = recordOf(call, outcome) as unknown as DecisionRecord;
    audit.append(auditEntry(request, call, outcome), record).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('policy', `an admission decision could not be recorded: ${reason}`, {
        correlation_id: request.correlationId,
        decision_id: call.event.decisionId,
      });
    });
  }
}

function auditEntry(request: UnplacedRequest, { event }: ChainCall, outcome: ChainOutcome): AuditEntry {
  const { by, code, reason, latencyUs, outcomes } = outcome;
  return {
    actor: request.clientId ?? 'local',
    tenant: request.tenantId,
    action: 'admission',
    target: request.modelRef,
    decision: outcome.decision,
    plugin: by?.policy ?? null,
    version: by?.version ?? null,
    digest: by?.digest ?? null,
    code,
    reason,
    latency_us: latencyUs,
    fuel: outcomes.reduce((sum, { fuel }) => sum + fuel, 0),
    session_id: request.sessionId,
    task_id: request.id,
    correlation_id: request.correlationId,
    decision_id: event.decisionId,
  };
}

function crowded({ reason }: ChainOutcome): AppError {
  return new AppError('ADMISSION_REJECT', `${reason}; send the task again in a second`, {
    members: { retry_after_ms: 1_000, policy_label: 'reject' },
  });
}

function denial({ by, code, reason, hint }: ChainOutcome, decisionId: string): AppError {
  const { policy = 'none', version = '0.0.0' } = by ?? {};
  const why = [reason || code, hint].filter(Boolean).join('; ');
  return new AppError('POLICY_DENIED', `policy ${policy} does not let this task in: ${why}`, {
    members: {
      policy: { id: policy, version, reason },
      policy_code: code,
      ...(hint !== undefined && { hint }),
      decision_id: decisionId,
    },
  });
}

/** Only what policies set is changed: the event that they saw was redacted. */
function patched(newcomer: Newcomer, { decision, event, outcomes }: ChainOutcome): Newcomer {
  if (decision !== 'modify' || event.kind !== 'task.admission') return newcomer;
  const { priority } = event.admission;
  const asked = outcomes.filter(({ counts, error }) => counts && error === undefined);
  const set = asked.flatMap((one) => one.decision?.patch ?? []).flatMap(labelOf);
  const labels = { ...newcomer.request.poolLabels, ...Object.fromEntries(set) };
  return {
    body: { ...newcomer.body, priority, pool_labels: labels },
    request: { ...newcomer.request, priority, poolLabels: labels },
  };
}

function labelOf(op: PatchOp): (readonly [string, string])[] {
  return op.op === 'setLabel' ? [[op.name, op.value]] : [];
}

function promptBytesOf({ prompt = '', messages = [], inputs = [] }: CreateTask): number {
  const texts = [prompt, ...messages.map(({ content }) => content), ...inputs];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
