import { FakeClock } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type PoolFacts, poolOf } from '../../test/support/pools.js';
import { SchedulerRig } from '../../test/support/scheduler-rig.js';
import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { type TaskRegistry } from '../tasks/task-registry.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { type Task } from '../tasks/task.js';
import { Admission, type AdmissionPorts } from './admission.js';
import { type Gate } from './gate.js';
import { ModelCheck } from './model-check.js';
import { type PolicyGate } from './policy-gate.js';
import { Replays } from './replays.js';
import { SessionGate } from './session-gate.js';
import { type Submission, type TaskRules } from './submission.js';

/** An admission before a scheduler that takes nothing: whatever reaches it is a task that should have been refused. */
function admissionTo(pool: PoolFacts): Admission {
  return admissionWith({ pools: { all: [poolOf('a', pool)] } as unknown as Pools });
}

function admissionWith(ports: Partial<AdmissionPorts>): Admission {
  const clock = new FakeClock();
  return new Admission({
    clock,
    rules: { parse: (body: unknown) => body } as TaskRules,
    pools: { all: [] } as unknown as Pools,
    scheduler: {} as Scheduler,
    registry: { find: () => undefined } as unknown as TaskRegistry,
    telemetry: { refused: () => undefined } as unknown as TaskTelemetry,
    replays: new Replays({ clock, logger: new QuietLogger() }, 1_000),
    models: new ModelCheck({ find: () => undefined }, { isHere: async () => true, wanted: async () => undefined }),
    policyGate: { isAsked: false } as PolicyGate,
    gate: {} as Gate,
    sessionGate: { counts: () => false } as unknown as SessionGate,
    journal: { accept: async () => {} },
    ...ports,
  });
}

/** Lets everything in, up to a store that fails like this. */
async function admissionBeforeStore(failure: Error): Promise<{ rig: SchedulerRig; admission: Admission }> {
  const rig = await SchedulerRig.ready();
  const { clock, pools, scheduler, registry, telemetry, sessions } = rig;
  const gate = {
    open: (all: readonly Pool[]) => all,
    unlessShed: (_task: Task, _pool: Pool, next: () => unknown) => next(),
    withinLimits: (_task: Task, _pool: Pool, next: () => unknown) => next(),
  } as unknown as Gate;
  const admission = admissionWith({
    ...{ clock, pools, scheduler, registry, telemetry, gate, sessionGate: new SessionGate(sessions, scheduler) },
    journal: { accept: () => Promise.reject(failure) },
  });
  return { rig, admission };
}

function submission(body: object): Submission {
  return {
    body: { workload: 'completion', model_ref: 'm', priority: 'interactive', max_tokens: 4, ...body },
    caller: { tenantId: 'default', keyId: null },
    correlationId: 'c',
    provenance: {},
    idempotencyKey: undefined,
    receivedAt: 0,
  };
}

async function refusalOf(admitting: Promise<unknown>): Promise<AppError> {
  const thrown = await admitting.then(
    () => new Error('nothing was refused'),
    (error: unknown) => error,
  );
  if (thrown instanceof AppError) return thrown;
  throw thrown;
}

describe('Admission', () => {
  it('refuses a task whose prompt was being counted when the daemon began to drain (ORCH-4808)', async () => {
    let drain = () => {};
    const admission = admissionTo({
      description: { contextTokens: 100 },
      connection: { countTokens: async () => (drain(), 10) },
    });
    drain = () => admission.close();
    const { code } = await refusalOf(admission.admit(submission({ prompt: 'x'.repeat(90) })));
    expect(code).toBe('POOL_UNREADY');
  });

  it('has a prompt counted that may not fit into the context that the task asks for (ORCH-3014, ORCH-3015)', async () => {
    const admission = admissionTo({
      description: { contextTokens: 8_192 },
      connection: { countTokens: async () => 40 },
    });
    // Its estimate is 10 tokens: that alone would fit.
    const { code, members } = await refusalOf(admission.admit(submission({ prompt: 'x'.repeat(40), ctx: 16 })));
    expect([code, members.errors?.[0]?.pointer]).toEqual(['INVALID_PARAMS', '/prompt']);
  });

  it('passes on what the store says of a task that it did not take, and keeps nothing of it (ORCH-4808, ORCH-3025)', async () => {
    const failure = new AppError('INTERNAL', 'too much waits for the disk', {
      ...{ status: 503, members: { retriable: true, retry_after_ms: 1_000 } },
    });
    const { rig, admission } = await admissionBeforeStore(failure);
    const refusal = await refusalOf(admission.admit(submission({ prompt: 'hi' })));
    expect([refusal.code, refusal.status, refusal.message]).toEqual(['INTERNAL', 503, failure.message]);
    expect(refusal.members).toEqual({ retriable: true, retry_after_ms: 1_000, engine: 'fake', pool_id: 'p' });
    expect([rig.waiting, rig.registry.liveOf('default').size]).toEqual([0, 0]);
  });

  it('does not tell callers what else went wrong below it (ORCH-3025)', async () => {
    const { admission } = await admissionBeforeStore(new Error('EIO: /data/store.db'));
    const refusal = await refusalOf(admission.admit(submission({ prompt: 'hi' })));
    expect([refusal.code, refusal.status, refusal.retriable]).toEqual(['INTERNAL', 500, false]);
    expect(refusal.message).toBe('the task could not be stored; report the correlation id to the operator');
  });
});
