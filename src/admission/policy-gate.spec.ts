import { type CreateTask } from '@llama-orch/client';
import { type Decision } from '@llama-orch/policy-sdk/abi';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type AuditEntry } from '../audit/audit-log.js';
import { type AppError } from '../kernel/errors.js';
import { SecretRedactor } from '../observability/redaction/secret-redactor.js';
import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type ChainCall, type ChainOutcome, type PolicyOutcome } from '../policy-host/sandbox/chain.js';
import { PolicyGate } from './policy-gate.js';
import { taskRequest } from './task-request.js';

const SECRET = 'hunter2-hunter2';

function outcomeOf(decision: Decision, counts = true): PolicyOutcome {
  return {
    ...{ policy: 'gate', version: '1.0.0', digest: 'sha256:0', hook: 'on_admission', config: {}, counts, decision },
    ...{ error: undefined, onError: 'allow', fuel: 7, latencyUs: 1, memoryBytes: 0, logs: [], hostResults: [] },
  };
}

/** A gate whose only policy gives this decision; an admission patch is applied to the event as the sandbox does. */
function gateWith(decision: Decision, append: (entry: AuditEntry) => Promise<number> = () => Promise.resolve(1)) {
  const calls: ChainCall[] = [];
  const entries: AuditEntry[] = [];
  const logger = new QuietLogger();
  const decide = (call: ChainCall): Promise<ChainOutcome> => {
    calls.push(call);
    const priority = decision.patch?.flatMap((op) => (op.op === 'setPriority' ? [op.value] : []))[0];
    const { event } = call;
    if (event.kind !== 'task.admission') throw new Error('not an admission');
    const after = { ...event, admission: { ...event.admission, priority: priority ?? event.admission.priority } };
    return Promise.resolve({
      decision: decision.decision as ChainOutcome['decision'],
      ...{ code: decision.code ?? 'MODIFIED', reason: decision.reason ?? '', hint: decision.hint, event: after },
      ...{ by: { policy: 'gate', version: '1.0.0', digest: 'sha256:0' }, body: undefined, moved: false },
      ...{ limits: [], redactions: [], labels: {}, outcomes: [outcomeOf(decision)], latencyUs: 12 },
    });
  };
  const gate = new PolicyGate({
    policies: { decide, has: (hook: PolicyHook) => hook === 'on_admission' },
    audit: { append: (entry: AuditEntry) => (entries.push(entry), append(entry)) },
    redactor: new SecretRedactor({ secrets: [SECRET], patterns: [], pii: false }),
    clock: new FakeClock(),
    logger,
  });
  return { gate, calls, entries, logger };
}

function newcomer(more: Partial<CreateTask> = {}) {
  const body: CreateTask = {
    ...{ workload: 'completion', model_ref: 'm', priority: 'interactive', prompt: 'Grüße', max_tokens: 5, ...more },
  };
  const submission = {
    ...{ body, caller: { tenantId: 'acme', keyId: 'ci' }, correlationId: 'c-1', provenance: {} },
    ...{ idempotencyKey: undefined, receivedAt: 0 },
  };
  return { body, request: taskRequest(body, submission, 0) };
}

describe('PolicyGate', () => {
  it('shows what the task asks for, without its prompt and without secrets (ORCH-4702, OC-POLICY-4031)', async () => {
    const { gate, calls } = gateWith({ decision: 'allow' });
    await gate.pass(newcomer({ deadline_ms: 9_000, pool_labels: { key: SECRET, zone: 'a' } }));
    expect(calls[0]?.event).toMatchObject({
      agent: { id: 'ci' },
      session: { id: null, tenant: 'acme' },
      admission: {
        ...{ workload: 'completion', modelRef: 'm', priority: 'interactive', maxTokens: 5, promptBytes: 7 },
        ...{ deadlineMs: 9_000, labels: { zone: 'a' } },
      },
    });
    expect(JSON.stringify(calls)).not.toMatch(new RegExp(`Grüße|${SECRET}`));
  });

  it('changes what policies set and nothing else (ORCH-4702)', async () => {
    const patch = [
      { op: 'setPriority', value: 'batch' },
      { op: 'setLabel', name: 'lane', value: 'slow' },
    ] as const;
    const { gate } = gateWith({ decision: 'modify', patch });
    const { body, request } = await gate.pass(newcomer({ pool_labels: { key: SECRET } }));
    const labels = { key: SECRET, lane: 'slow' };
    expect(request).toMatchObject({ priority: 'batch', poolLabels: labels, maxTokens: 5 });
    expect(body).toMatchObject({ priority: 'batch', pool_labels: labels, prompt: 'Grüße' });
  });

  it('says who refused, why, and what would pass (ORCH-4702)', async () => {
    const { gate, entries, calls } = gateWith({
      decision: 'deny',
      code: 'TOO_LATE',
      reason: 'closed',
      hint: 'come tomorrow',
    });
    const refusal = await gate.pass(newcomer()).then(
      () => undefined,
      (error: AppError) => error,
    );
    expect(refusal?.members).toMatchObject({
      policy: { id: 'gate', version: '1.0.0', reason: 'closed' },
      policy_code: 'TOO_LATE',
      hint: 'come tomorrow',
    });
    expect(entries).toMatchObject([{ action: 'admission', decision: 'deny', actor: 'ci', tenant: 'acme', fuel: 7 }]);
    expect(entries[0]).toMatchObject({ task_id: calls[0]?.event.task.id, session_id: null });
    expect(entries[0]?.decision_id).toBe(refusal?.members.decision_id);
  });

  it('does not hold a task up when the audit fails, and says so (ORCH-4704)', async () => {
    const { gate, logger } = gateWith({ decision: 'allow' }, () => Promise.reject(new Error('the disk is full')));
    await gate.pass(newcomer());
    await settle();
    expect(logger.of('policy')).toMatchObject([
      { level: 'error', message: 'an admission decision could not be recorded: the disk is full' },
    ]);
  });
});
