import { type CreateTask, type TaskAccepted } from '@llama-orch/client';
import { type Clock } from '../kernel/clock.js';
import { AppError, invalidParams } from '../kernel/errors.js';
import { parseTaskId } from '../kernel/ids.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { fitsContext } from '../tasks/context-room.js';
import { wireInt64 } from '../tasks/engine-request.js';
import { type TaskJournal } from '../tasks/task-journal.js';
import { budgetHeaders } from '../sessions/tariff.js';
import { type TaskRegistry } from '../tasks/task-registry.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { type PromptSize, Task } from '../tasks/task.js';
import { candidatePools } from './candidates.js';
import { poolsInTime } from './deadline.js';
import { type Gate } from './gate.js';
import { type PolicyGate } from './policy-gate.js';
import { type ModelCheck } from './model-check.js';
import { choosePool, requireUsable } from './pool-choice.js';
import { promptSize } from './prompt-size.js';
import { withEngine } from './refusal.js';
import { type Replays, type RepeatableCall } from './replays.js';
import { type SessionGate } from './session-gate.js';
import { type Submission, type TaskRules } from './submission.js';
import { type UnplacedRequest, taskRequest } from './task-request.js';

export interface Admitted {
  readonly accepted: TaskAccepted;
  /** The answer is that of an earlier, equal call. */
  readonly replayed: boolean;
  /** What the session could spend in the turn of the acceptance, as headers; empty without budgets. */
  readonly budget: Readonly<Record<string, string>>;
}

export interface AdmissionPorts {
  readonly clock: Clock;
  readonly rules: TaskRules;
  readonly pools: Pools;
  readonly scheduler: Scheduler;
  readonly registry: TaskRegistry;
  readonly telemetry: TaskTelemetry;
  readonly replays: Replays;
  readonly models: ModelCheck;
  readonly policyGate: PolicyGate;
  readonly gate: Gate;
  readonly sessionGate: SessionGate;
  readonly journal: Pick<TaskJournal, 'accept'>;
}

/** Decides whether a task may enter: ordered checks, and every refusal before anything is queued. */
export class Admission {
  private closed = false;

  constructor(private readonly ports: AdmissionPorts) {}

  /** From now on every task is refused: the daemon drains. */
  close(): void {
    this.closed = true;
  }

  /** @throws AppError with the first check that fails */
  async admit(submission: Submission): Promise<Admitted> {
    try {
      return await this.replayOr(submission, (calls) => this.admitNew(submission, calls));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const refusal = withEngine(error, submission.body, this.ports.pools.all);
      this.recordRefusal(refusal, submission);
      throw refusal;
    }
  }

  private async replayOr(
    submission: Submission,
    effect: (calls: readonly RepeatableCall[]) => Promise<Admitted>,
  ): Promise<Admitted> {
    const { replays } = this.ports;
    const { body, caller, idempotencyKey } = submission;
    const byId = idNameOf(body, caller.tenantId);
    const byKey =
      idempotencyKey === undefined
        ? undefined
        : `key/${caller.tenantId}/${caller.keyId ?? ''}/POST /v1/tasks/${idempotencyKey}`;
    const calls: RepeatableCall[] = [];
    const once = (name: string | undefined, run: () => Promise<Admitted>): Promise<Admitted> => {
      if (name === undefined) return run();
      const first = (call: RepeatableCall) => {
        calls.push(call);
        return run();
      };
      return replays
        .onceStored(name, body, first)
        .then(({ answer, replayed }) => (replayed ? { ...answer, replayed } : answer));
    };
    return once(byKey, () => once(byId, () => effect(calls)));
  }

  private async admitNew(submission: Submission, calls: readonly RepeatableCall[]): Promise<Admitted> {
    const { clock, rules, pools, scheduler, policyGate, gate, sessionGate } = this.ports;
    if (this.closed) throw draining();
    const parsed = rules.parse(submission.body);
    const asked = { body: parsed, request: taskRequest(parsed, submission, clock.epochMs()) };
    this.refuseTakenId(asked.request);
    const serving = this.ports.models.poolsFor(parsed.model_ref, pools.all);
    const { body, request } = policyGate.isAsked ? await policyGate.pass(asked) : asked;
    const capable = candidatePools(body, serving);
    const fitting = await this.fittingPools(body, request, capable);
    await this.ports.models.requireWeights([...fitting.keys()]);
    // While an engine counted the prompt, the daemon may have begun to drain.
    if (this.closed) throw draining();
    const now = clock.now();
    const usable = requireUsable([...fitting.keys()], now);
    const sizes = new Map(usable.map((pool) => [pool, fitting.get(pool)!]));
    const inTime = poolsInTime(request, sizes, scheduler, now);
    const open = sessionGate.nearCache(request, gate.open(inTime, request.priority));
    const deadlineAt = request.deadlineMs === undefined ? undefined : request.receivedAt + request.deadlineMs;
    const taskFor = (one: Pool) => ({ request, promptTokens: fitting.get(one)!.tokens, deadlineAt });
    const { pool, options } = choosePool(open, scheduler, taskFor, now);
    const task = this.newTask(request, pool, body, fitting.get(pool)!);
    const submit = () => gate.unlessShed(task, pool, () => scheduler.submit(task, options));
    gate.withinLimits(task, pool, () => sessionGate.pass(task, submit));
    // Before anything is waited for: the task may have begun to spend by then.
    const admitted = { accepted: acceptedOf(task), replayed: false, budget: budgetHeaders(task.session?.account) };
    await this.makeDurable(task, admitted, calls);
    return admitted;
  }

  /** What was accepted has to survive a crash; what cannot be stored is taken back before anybody was told. */
  private async makeDurable(task: Task, admitted: Admitted, calls: readonly RepeatableCall[]): Promise<void> {
    const { journal, scheduler, registry, sessionGate } = this.ports;
    const answer = JSON.stringify(admitted);
    try {
      await journal.accept(
        task,
        calls.map((call) => ({ ...call, answer })),
      );
    } catch (cause) {
      scheduler.cancel(task, 'client');
      registry.forget(task);
      sessionGate.withdraw(task);
      throw notStored(task, cause);
    }
  }

  /** Replays know equal calls; an id whose call they have forgotten still belongs to its task. */
  private refuseTakenId({ tenantId, id }: UnplacedRequest): void {
    if (this.ports.registry.find(tenantId, id) === undefined) return;
    throw new AppError('CONFLICT', 'this task_id belongs to another task; use a new one');
  }

  /** Pools whose context holds the prompt and the answer. */
  private async fittingPools(
    body: CreateTask,
    request: UnplacedRequest,
    pools: readonly Pool[],
  ): Promise<Map<Pool, PromptSize>> {
    const fitting = new Map<Pool, PromptSize>();
    let refusal: AppError | undefined;
    for (const pool of pools) {
      const size = await this.sizeOf(request, pool, body.ctx || pool.contextTokens);
      const problem = contextProblem(body, request, pool, size);
      if (problem === undefined) fitting.set(pool, size);
      else refusal ??= problem;
    }
    if (fitting.size === 0 && refusal !== undefined) throw refusal;
    return fitting;
  }

  private async sizeOf(request: UnplacedRequest, pool: Pool, context: number): Promise<PromptSize> {
    const { prompt, maxTokens, inputs } = request;
    const { clock, sessionGate } = this.ports;
    // Whoever pays for tokens pays for those that the engine counts.
    const room = sessionGate.counts(request) ? 0 : context - maxTokens;
    if (prompt !== undefined && inputs.length === 0) return promptSize(pool, prompt, room, clock);
    const bytes = inputs.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return { tokens: Math.ceil(bytes / 4), counted: false };
  }

  private newTask(request: UnplacedRequest, pool: Pool, body: CreateTask, size: PromptSize): Task {
    const ctx = body.ctx || pool.contextTokens;
    const { sampler_profile_version: samplerProfileVersion } = pool.config;
    const task = new Task(
      { ...request, ctx, samplerProfileVersion },
      pool.id,
      pool.engine,
      size,
      this.ports.registry.newLog(),
    );
    task.modelId = pool.model.id;
    task.engineVersion = pool.description?.engineVersion;
    task.modelDigest = pool.description?.modelDigest;
    return task;
  }

  private recordRefusal(error: AppError, { correlationId, caller }: Submission): void {
    const { engine = null, pool_id, retry_after_ms } = error.members;
    const fields = {
      correlation_id: correlationId,
      tenant_id: caller.tenantId,
      client_id: caller.keyId ?? undefined,
      pool_id,
      retry_after_ms,
    };
    this.ports.telemetry.refused(engine, error, fields);
  }
}

/** The name under which a call with a task id is remembered; a malformed id is left to the body check. */
function idNameOf(body: unknown, tenantId: string): string | undefined {
  const text = typeof body === 'object' && body !== null && 'task_id' in body ? body.task_id : undefined;
  const id = typeof text === 'string' ? parseTaskId(text) : undefined;
  return id === undefined ? undefined : `task/${tenantId}/${id}`;
}

function draining(): AppError {
  return new AppError('POOL_UNREADY', 'the server shuts down; send the task again when it is back', {
    members: { engine: null, retry_after_ms: 5000 },
  });
}

/** The store knows whether the same call can do a moment later. */
function notStored({ engine, poolId: pool_id }: Task, cause: unknown): AppError {
  if (!(cause instanceof AppError)) {
    const message = 'the task could not be stored; report the correlation id to the operator';
    return new AppError('INTERNAL', message, { cause, members: { engine, pool_id } });
  }
  const { code, message, status, members } = cause;
  return new AppError(code, message, { cause, status, members: { ...members, engine, pool_id } });
}

function contextProblem(
  body: CreateTask,
  request: UnplacedRequest,
  pool: Pool,
  size: PromptSize,
): AppError | undefined {
  const limit = pool.contextTokens;
  const members = { engine: pool.engine, pool_id: pool.id };
  const asked = body.ctx || limit;
  if (asked > limit) {
    return invalidParams(
      [{ pointer: '/ctx', message: `must be at most ${limit}, the context of pool ${pool.id}` }],
      members,
    );
  }
  const answer = request.workload === 'completion' ? request.maxTokens : 0;
  if (fitsContext(request, size, asked)) return undefined;
  const message = `the prompt (${size.counted ? '' : 'about '}${size.tokens} tokens) and max_tokens (${answer}) exceed the context of ${asked}; shorten one of them`;
  return invalidParams([{ pointer: answer > asked ? '/max_tokens' : '/prompt', message }], members);
}

function acceptedOf(task: Task): TaskAccepted {
  const { id, seed } = task.request;
  const { queuePosition, predictedStartMs, predictedStartP90Ms, backoffMs } = task.promise;
  return {
    task_id: id,
    queue_position: queuePosition,
    predicted_start_ms: predictedStartMs,
    predicted_start_p90_ms: predictedStartP90Ms,
    backoff_ms: backoffMs,
    pool_id: task.poolId,
    seed: wireInt64(seed),
    stream: `/v1/tasks/${id}/stream`,
  };
}
