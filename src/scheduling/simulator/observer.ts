import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type ErrorCode } from '../../kernel/errors.js';
import { Fairness } from './fairness.js';
import { type Fate, Outcomes } from './outcomes.js';
import { type SimTask } from './sim-task.js';
import { Timeline } from './timeline.js';

/** Writes down what happens in a simulation; nothing that decides ever reads it. Times in virtual ms. */
export class Observer {
  readonly outcomes: Outcomes;
  readonly timeline = new Timeline();
  /** Tenants compete inside each class. */
  readonly tenants: Readonly<Record<PriorityClass, Fairness>>;
  /** Refusals and evictions by code, each time one was told to the caller. */
  readonly refusals = new Map<ErrorCode, number>();
  requeues = 0;
  /** Callers that came again when they were told to, and those of them that were then admitted. */
  retried = 0;
  admittedAtFirstRetry = 0;
  /** Admissions, a caller who comes again counted anew. */
  admissions = 0;

  constructor(count: number, weightOf: (tenant: string) => number) {
    this.outcomes = new Outcomes(count);
    this.tenants = { interactive: new Fairness(weightOf), batch: new Fairness(weightOf) };
  }

  arrived({ number, spec }: SimTask): void {
    const { outcomes } = this;
    outcomes.arrivedAt[number] = spec.arrivalMs;
    outcomes.priority[number] = outcomes.classes.of(spec.priority);
    outcomes.tenant[number] = outcomes.tenants.of(spec.tenant);
    outcomes.promptTokens[number] = spec.promptTokens;
    if (spec.deadlineMs !== undefined) outcomes.deadlineAt[number] = spec.arrivalMs + spec.deadlineMs;
  }

  cameAgain({ refusals }: SimTask): void {
    if (refusals === 1) this.retried++;
  }

  accepted({ number, spec, promise, refusals }: SimTask, now: number): void {
    const { outcomes } = this;
    this.admissions++;
    outcomes.admittedAt[number] = now;
    outcomes.promisedP50[number] = promise!.predictedStartMs;
    outcomes.promisedP90[number] = promise!.predictedStartP90Ms;
    if (refusals === 1) this.admittedAtFirstRetry++;
    this.tenants[spec.priority].waits(spec.tenant);
    this.timeline.change(now, 1, 0);
  }

  dispatched({ number, spec }: SimTask, now: number): void {
    const { outcomes } = this;
    if (Number.isNaN(outcomes.startedAt[number])) outcomes.startedAt[number] = now;
    this.tenants[spec.priority].served(spec.tenant, spec.promptTokens + spec.outputTokens);
    this.timeline.change(now, -1, 1);
  }

  /** A lost engine sends the task back into its queue. */
  requeued({ spec }: SimTask, now: number): void {
    this.requeues++;
    this.tenants[spec.priority].waits(spec.tenant);
    this.timeline.change(now, 1, -1);
  }

  firstToken({ number }: SimTask, now: number): void {
    this.outcomes.firstTokenAt[number] = now;
  }

  /** The task left the scheduler, out of the queue or off its slot. */
  ended({ spec }: SimTask, wasWaiting: boolean, now: number): void {
    if (wasWaiting) this.tenants[spec.priority].leaves(spec.tenant);
    this.timeline.change(now, wasWaiting ? -1 : 0, wasWaiting ? 0 : -1);
  }

  refused(task: SimTask, code: ErrorCode): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    this.outcomes.refusals[task.number]!++;
  }

  /** It is over for the caller too. */
  settled({ number, tokensOut }: SimTask, fate: Fate, code: ErrorCode | undefined, now: number): void {
    this.outcomes.tokensOut[number] = tokensOut;
    this.outcomes.settle(number, fate, code, now);
  }
}
