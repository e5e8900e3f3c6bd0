import { type AuditAction, type AuditEntry, type DecisionRecord } from '../audit/audit-log.js';
import { AppError } from '../kernel/errors.js';
import { plainText } from '../kernel/plain-text.js';
import { recordOf } from '../policy-host/decision-record.js';
import { type ChainCall, type ChainOutcome } from '../policy-host/sandbox/chain.js';
import { EgressFailure, type OutboundCall } from './egress.js';
import { type EgressParts, type EgressResult } from './egress-parts.js';
import { Fault } from './fault.js';
import { type UsedUp } from './limits/gcra.js';
import { hrefOf } from './guard/normalise.js';
import { GUARD, guardDenial, type Refusal } from './guard/refusal.js';
import { atOnce } from './findings/work.js';
import { hiddenJsonWork } from './redaction/redact-text.js';
import { type CallSecrets } from './redaction/call-secrets.js';
import { rulesOf } from './redaction/redact-answer.js';
import { type Step } from './request/redirect.js';

/** One hop for the audit. */
export interface HopFacts {
  readonly decisionId: string;
  /** Undefined when the URL could not be read. */
  readonly step: Step | undefined;
  /** By the clock that never runs backwards. */
  readonly startedAt: number;
}

export interface Sizes {
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** A decision of policies, and what it was made from. */
export interface Decided {
  readonly call: ChainCall;
  readonly outcome: ChainOutcome;
  readonly notReplayable: string | null;
}

const MOST_URL = 2_048;

const CROWDED = { members: { retry_after_ms: 1_000, policy_label: 'reject' } } as const;

/** Writes down what becomes of one call, and tells metrics and log. A hop leaves a row before it goes out and one after. */
export class Trail {
  constructor(
    private readonly parts: EgressParts,
    private readonly call: OutboundCall,
    private readonly secrets: CallSecrets,
  ) {}

  /** The guard said no: the row has the reason, the error has none. */
  async refused(hop: HopFacts, { code, message }: Refusal): Promise<AppError> {
    const { id: plugin, version } = GUARD;
    await this.append(hop, this.asking, { decision: 'deny', plugin, version, code, reason: message });
    this.tell(hop, 'denied', code);
    return guardDenial(hop.decisionId);
  }

  /** Policies decided about the request. */
  decided(hop: HopFacts, decided: Decided): Promise<number> {
    const bytesOut = sentBytes(hop.step);
    return this.append(hop, this.asking, { ...rowOf(decided.outcome), bytes_out: bytesOut }, this.record(decided));
  }

  /** Policies said no, to the request or to its answer. */
  async denied(hop: HopFacts, decided: Decided): Promise<AppError> {
    const { call, outcome } = decided;
    const action = call.hook === 'on_response' ? this.answering : this.asking;
    await this.append(hop, action, rowOf(outcome), this.record(decided));
    this.tell(hop, outcome.isBusy === true ? 'limited' : 'denied', outcome.code);
    if (outcome.isBusy === true)
      return new AppError('QUOTA_EXCEEDED', `${outcome.reason}; call again in a second`, CROWDED);
    return policyDenial(hop.decisionId, this.secrets.redactor.value(outcome));
  }

  async limited(hop: HopFacts, decided: Decided, { limit, waitMs }: UsedUp): Promise<AppError> {
    const { name } = limit;
    const row = {
      ...rowOf(decided.outcome),
      decision: 'limit',
      code: 'RATE_LIMITED',
      reason: `the rate ${name} is used up`,
    };
    await this.append(hop, this.asking, row, this.record(decided));
    this.tell(hop, 'limited', 'RATE_LIMITED');
    const retry_after_ms = Math.min(60_000, Math.max(1, waitMs));
    const used = { name, value: limit.rate, used: limit.rate };
    return new AppError('QUOTA_EXCEEDED', `${row.reason}; call again in ${retry_after_ms} ms`, {
      members: { retry_after_ms, policy_label: 'reject', limit: used },
    });
  }

  /** The host itself withholds an answer. */
  async withheld(hop: HopFacts, code: string, reason: string, hint: string, sizes: Sizes): Promise<AppError> {
    const { id: plugin, version } = GUARD;
    await this.append(hop, this.answering, { decision: 'deny', plugin, version, code, reason, ...rowSizes(sizes) });
    this.tell(hop, 'denied', code);
    const told = plainText(reason);
    const members = { policy: { ...GUARD, reason: told }, policy_code: code, hint, decision_id: hop.decisionId };
    return new AppError('POLICY_DENIED', told, { members });
  }

  /** An answer came; `decided` when policies were asked about it. */
  async answered(hop: HopFacts, status: number, sizes: Sizes, decided?: Decided): Promise<number> {
    const row = decided === undefined ? { decision: 'allow', code: `HTTP_${status}` } : rowOf(decided.outcome);
    const record = decided === undefined ? undefined : this.record(decided);
    const seq = await this.append(hop, this.answering, { ...row, ...rowSizes(sizes) }, record);
    this.tell(hop, 'ok', `HTTP_${status}`);
    return seq;
  }

  async failed(hop: HopFacts, fault: Fault, isSent: boolean, sizes?: Sizes, decided?: Decided): Promise<EgressFailure> {
    const action = isSent ? this.answering : this.asking;
    const code = fault.kind.toUpperCase();
    const row = { ...failedRow(code, sizes, decided), reason: fault.message };
    const seq = await this.append(hop, action, row, decided && this.record(decided));
    this.tell(hop, 'failed', code);
    return new EgressFailure(fault.kind, fault.message, seq, { cause: fault });
  }

  /** Whatever ended a call that was sent: a fault, the caller who left, or something of ours. Answers what is thrown. */
  async brokenOff(hop: HopFacts, reason: unknown, sizes?: Sizes, decided?: Decided): Promise<unknown> {
    if (reason instanceof Fault) return this.failed(hop, reason, true, sizes, decided);
    await this.append(hop, this.answering, failedRow('CANCELLED', sizes, decided), decided && this.record(decided));
    this.tell(hop, 'failed', 'CANCELLED');
    return reason;
  }

  private get asking(): AuditAction {
    return this.call.tool.name === 'download' ? 'download.request' : 'tool.request';
  }

  private get answering(): AuditAction {
    return this.call.tool.name === 'download' ? 'download.response' : 'tool.response';
  }

  private append(
    { decisionId, step, startedAt }: HopFacts,
    action: AuditAction,
    row: Partial<AuditEntry> & Pick<AuditEntry, 'decision'>,
    record?: DecisionRecord,
  ): Promise<number> {
    const { audit, clock } = this.parts;
    const { redactor } = this.secrets;
    const { actor, tenant, correlationId, sessionId, taskId } = this.call.caller;
    const url =
      step === undefined ? redactor.text(this.call.url.slice(0, MOST_URL)) : redactor.url(hrefOf(step.target));
    const target = step?.target.parts.host ?? '-';
    const latency_us = Math.round((clock.now() - startedAt) * 1_000);
    const frame = {
      actor,
      tenant,
      action,
      target,
      url,
      latency_us,
      session_id: sessionId,
      task_id: taskId,
      correlation_id: correlationId,
      decision_id: decisionId,
    };
    const reason = row.reason == null ? null : redactor.text(row.reason);
    return audit.append({ ...frame, ...row, reason }, record);
  }

  /** What policies want hidden from the record goes first; where there was any, the record cannot be decided again. */
  private record(decided: Decided): DecisionRecord {
    const record = this.recordWithoutHidden(decided);
    const { redactor } = this.secrets;
    // What the audit itself knows it takes out, and says so.
    if (redactor === this.parts.redactor) return record;
    const shown = redactor.value(record);
    if (shown === record || JSON.stringify(shown) === JSON.stringify(record)) return record;
    return { ...shown, not_replayable: record['not_replayable'] ?? 'a secret of the call is hidden in the record' };
  }

  private recordWithoutHidden({ call, outcome, notReplayable }: Decided): DecisionRecord {
    const rules = rulesOf(outcome.redactions, 'audit');
    if (rules.length === 0) return recordOf(call, outcome, notReplayable) as unknown as DecisionRecord;
    const key = { key: this.parts.key, tenant: this.call.caller.tenant };
    const text = JSON.stringify(call.event);
    const shown = atOnce(hiddenJsonWork(text, rules, key)) ?? 'null';
    if (shown === text) return recordOf(call, outcome, notReplayable) as unknown as DecisionRecord;
    const event = JSON.parse(shown) as ChainCall['event'];
    return recordOf({ ...call, event }, outcome, 'a policy hides a part of the record') as unknown as DecisionRecord;
  }

  private tell({ step, startedAt, decisionId }: HopFacts, result: EgressResult, code: string): void {
    const { logger, clock, count } = this.parts;
    const { tool, caller } = this.call;
    count(result);
    logger.log(result === 'ok' ? 'info' : 'warn', 'egress', `${tool.name}: ${result}`, {
      tool: tool.name,
      method: step?.method,
      hop: step?.hop,
      code,
      ms: Math.round(clock.now() - startedAt),
      correlation_id: caller.correlationId,
      task_id: caller.taskId ?? undefined,
      decision_id: decisionId,
    });
  }
}

/** What a policy's no becomes. */
function policyDenial(decisionId: string, { by, code, reason, hint }: ChainOutcome): AppError {
  const id = by?.policy ?? 'profile';
  return new AppError('POLICY_DENIED', `policy ${id} does not let this call out: ${reason}`, {
    members: {
      policy: { id, version: by?.version ?? GUARD.version, reason },
      policy_code: code,
      ...(hint === undefined ? {} : { hint }),
      decision_id: decisionId,
    },
  });
}

function rowOf({ decision, code, reason, by, outcomes }: ChainOutcome) {
  return {
    decision,
    plugin: by?.policy ?? null,
    version: by?.version ?? null,
    digest: by?.digest ?? null,
    code,
    reason,
    fuel: outcomes.length === 0 ? null : outcomes.reduce((sum, { fuel }) => sum + fuel, 0),
  };
}

/** With what policies decided before it failed. */
function failedRow(code: string, sizes: Sizes = {}, decided?: Decided) {
  const row = decided === undefined ? {} : rowOf(decided.outcome);
  return { ...row, reason: null, decision: 'failed', code, ...rowSizes(sizes) };
}

function rowSizes({ bytesIn = 0, bytesOut = 0 }: Sizes) {
  return { bytes_in: bytesIn, bytes_out: bytesOut };
}

export function sentBytes(step: Step | undefined): number {
  return step === undefined ? 0 : step.target.url.href.length + (step.body?.length ?? 0);
}
