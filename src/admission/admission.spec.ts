import { FakeClock } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type PoolFacts, poolOf } from '../../test/support/pools.js';
import { AppError } from '../kernel/errors.js';
import { type Pools } from '../pools/pools.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { type TaskRegistry } from '../tasks/task-registry.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { Admission } from './admission.js';
import { type Gate } from './gate.js';
import { ModelCheck } from './model-check.js';
import { type PolicyGate } from './policy-gate.js';
import { Replays } from './replays.js';
import { type SessionGate } from './session-gate.js';
import { type Submission, type TaskRules } from './submission.js';

/** An admission before a scheduler that takes nothing: whatever reaches it is a task that should have been refused. */
function admissionTo(pool: PoolFacts): Admission {
  const clock = new FakeClock();
  return new Admission({
    clock,
    rules: { parse: (body: unknown) => body } as TaskRules,
    pools: { all: [poolOf('a', pool)] } as unknown as Pools,
    scheduler: {} as Scheduler,
    registry: { find: () => undefined } as unknown as TaskRegistry,
    telemetry: { refused: () => undefined } as unknown as TaskTelemetry,
    replays: new Replays({ clock, logger: new QuietLogger() }, 1_000),
    models: new ModelCheck({ find: () => undefined }, { isHere: async () => true, wanted: async () => undefined }),
    policyGate: { isAsked: false } as PolicyGate,
    gate: {} as Gate,
    sessionGate: { counts: () => false } as unknown as SessionGate,
    journal: { accept: async () => {} },
  });
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
});
