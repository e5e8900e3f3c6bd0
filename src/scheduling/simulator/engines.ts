import { type LeaseId, type SchedulerEvent } from '../core/model.js';
import { type Rates } from '../forecast/estimator.js';
import { type RateReports } from '../rates/rate-reports.js';
import { type Observer } from './observer.js';
import { type SimReplica, type SimRun } from './sim-replica.js';
import { type SimTask } from './sim-task.js';

export interface EnginePorts {
  readonly rates: RateReports;
  /** What is assumed of a replica's speed before it was measured. */
  assumed(replica: SimReplica): { readonly kind: string; readonly declared: Rates };
  /** Virtual ms. */
  readonly clock: { readonly now: number };
  readonly observer: Observer;
  /** Feeds the scheduler core. */
  event(event: SchedulerEvent): void;
  /** Calls `progress` at that time with this plan. */
  planProgress(at: number, replica: SimReplica, plan: number): void;
}

/** What the engines of a simulation do with leases, and how they die; the counterpart of runs and supervisors. */
export class Engines {
  private readonly runs = new Map<LeaseId, SimRun>();

  constructor(private readonly ports: EnginePorts) {}

  /** A replica is ready for tasks, at the start or again. */
  announce(replica: SimReplica): void {
    const { outlook, id, epoch, speed, labels } = replica;
    const { slots, interruptible } = speed;
    const place = { poolId: outlook.pool.id, replicaId: id };
    const { kind, declared } = this.ports.assumed(replica);
    const facts = { ...place, epoch, slots, interruptible, labels, ...this.ports.rates.joined(place, kind, declared) };
    this.ports.event({ type: 'replica-ready', ...facts, now: this.ports.clock.now });
  }

  start(task: SimTask, replica: SimReplica, lease: LeaseId): SimRun {
    const run = replica.start(task, lease);
    this.runs.set(lease, run);
    this.ports.rates.dispatched(lease, replica.id, this.ports.clock.now);
    this.plan(replica);
    return run;
  }

  /** The engine lets go at once: an abort frees its slot within a token. Harmless when the run is over. */
  stop(lease: LeaseId): void {
    const run = this.runs.get(lease);
    if (run === undefined) return;
    this.free(run);
    this.plan(run.replica);
  }

  /** A first token or the end of an answer, unless another plan was made since. */
  progress(replica: SimReplica, plan: number): void {
    if (plan !== replica.plan) return;
    const run = replica.due();
    if (run.isStreaming) this.complete(run);
    else this.stream(run);
    this.plan(replica);
  }

  /** @param backAtMs when it is expected back; undefined: never */
  die(replica: SimReplica, backAtMs: number | undefined): void {
    if (!replica.isAlive) return;
    const { clock } = this.ports;
    replica.advance();
    replica.isAlive = false;
    replica.backAtMs = backAtMs;
    const message = 'the engine was lost; send the task again';
    for (const run of [...replica.active]) {
      const { lease, task } = run;
      const lost = { code: 'WORKER_RESET', message, engineLost: true, now: clock.now } as const;
      this.ports.event({ type: 'run-failed', key: task.key, lease, ...lost });
      this.free(run);
    }
    this.plan(replica);
    this.ports.event({ type: 'replica-unready', poolId: replica.outlook.pool.id, replicaId: replica.id });
  }

  comeBack(replica: SimReplica): void {
    if (replica.isAlive) return;
    replica.advance();
    replica.isAlive = true;
    replica.backAtMs = undefined;
    replica.epoch++;
    this.announce(replica);
  }

  /** The slot is given back after the task has ended, as by the server. */
  private complete(run: SimRun): void {
    run.isComplete = true;
    this.ports.rates.ended(run.lease, run.task.spec.outputTokens, this.ports.clock.now);
    this.ports.event({ type: 'run-completed', key: run.task.key, lease: run.lease });
    this.free(run);
  }

  private stream(run: SimRun): void {
    const { task } = run;
    const { clock, observer } = this.ports;
    run.isStreaming = true;
    this.ports.rates.firstToken(run.lease, task.promptTokens, clock.now);
    task.state = 'streaming';
    if (task.firstTokenAt === undefined) {
      task.firstTokenAt = clock.now;
      task.outlook!.firstToken(task);
      observer.firstToken(task, clock.now);
    }
    this.ports.event({ type: 'first-token', key: task.key });
  }

  private free(run: SimRun): void {
    this.runs.delete(run.lease);
    run.replica.release(run);
    this.ports.rates.ended(run.lease, undefined, this.ports.clock.now);
    const cost = run.task.promptTokens + run.task.tokensOut;
    this.ports.event({ type: 'lease-released', lease: run.lease, cost, now: this.ports.clock.now });
  }

  private plan(replica: SimReplica): void {
    const at = replica.nextAt();
    replica.plan++;
    if (at !== undefined) this.ports.planProgress(at, replica, replica.plan);
  }
}
