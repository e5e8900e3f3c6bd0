import { type ReplicaId } from '../../kernel/ids.js';
import { type LeaseId } from '../core/model.js';
import { type PoolOutlook } from '../forecast/pool-outlook.js';
import { type SimTask } from './sim-task.js';

/** How fast a replica is; rates are those of one slot, in tokens per second. */
export interface ReplicaSpeed {
  readonly slots: number;
  readonly prefillTps: number;
  readonly decodeTps: number;
  /** Share by which every further busy slot slows all of them; 0 = slots do not feel each other. */
  readonly slowdown: number;
  /** A run can be cut off and repeated to the same token. */
  readonly interruptible: boolean;
}

/** One task on one slot. Work is measured in ms of a replica that has nothing else to do. */
export class SimRun {
  readonly firstTokenWork: number;
  readonly endWork: number;
  isStreaming = false;
  isComplete = false;

  constructor(
    readonly task: SimTask,
    readonly lease: LeaseId,
    readonly replica: SimReplica,
    begun: number,
  ) {
    const { prefillTps, decodeTps } = replica.speed;
    const { promptTokens, outputTokens } = task.spec;
    this.firstTokenWork = begun + (promptTokens * 1000) / prefillTps;
    this.endWork = this.firstTokenWork + ((outputTokens - 1) * 1000) / decodeTps;
  }

  /** Work at which something happens to it next. */
  get nextWork(): number {
    return this.isStreaming ? this.endWork : this.firstTokenWork;
  }

  tokensOut(): number {
    if (!this.isStreaming) return 0;
    const { outputTokens } = this.task.spec;
    if (this.isComplete) return outputTokens;
    const decoded = ((this.replica.work() - this.firstTokenWork) * this.replica.speed.decodeTps) / 1000;
    return Math.min(outputTokens, 1 + Math.max(0, Math.floor(decoded)));
  }
}

/**
 * A replica whose slots share its speed: all of them advance by the same clock of work, which runs slower the more of them
 * are busy. What happens next on it is one event, planned anew whenever that changes.
 */
export class SimReplica {
  epoch = 1;
  isAlive = true;
  /** Busy slots over time, and time in service, in ms. */
  busySlotMs = 0;
  aliveMs = 0;
  /** Number of the last plan; events of earlier ones are void. */
  plan = 0;
  backAtMs: number | undefined;
  private readonly runs: SimRun[] = [];
  private workDone = 0;
  private knownAt = 0;

  constructor(
    readonly number: number,
    readonly id: ReplicaId,
    readonly outlook: PoolOutlook,
    readonly speed: ReplicaSpeed,
    readonly labels: Readonly<Record<string, string>>,
    private readonly clock: { readonly now: number },
  ) {}

  get active(): readonly SimRun[] {
    return this.runs;
  }

  start(task: SimTask, lease: LeaseId): SimRun {
    this.advance();
    const run = new SimRun(task, lease, this, this.workDone);
    this.runs.push(run);
    return run;
  }

  release(run: SimRun): void {
    this.advance();
    const index = this.runs.indexOf(run);
    if (index >= 0) this.runs.splice(index, 1);
  }

  /** The run whose turn it is when the planned event comes. */
  due(): SimRun {
    this.advance();
    const run = this.next()!;
    // Rounding may leave the clock a hair before what it was planned for.
    this.workDone = Math.max(this.workDone, run.nextWork);
    return run;
  }

  /** Virtual ms at which something happens next; undefined while no slot is busy. */
  nextAt(): number | undefined {
    const run = this.next();
    if (run === undefined) return undefined;
    return this.clock.now + Math.max(0, run.nextWork - this.work()) / this.pace();
  }

  /** Work done by now. */
  work(): number {
    return this.workDone + (this.clock.now - this.knownAt) * this.pace();
  }

  advance(): void {
    const passed = this.clock.now - this.knownAt;
    this.workDone += passed * this.pace();
    this.busySlotMs += passed * this.runs.length;
    if (this.isAlive) this.aliveMs += passed;
    this.knownAt = this.clock.now;
  }

  private next(): SimRun | undefined {
    let first = this.runs[0];
    for (const run of this.runs) if (run.nextWork < first!.nextWork) first = run;
    return first;
  }

  private pace(): number {
    return 1 / (1 + this.speed.slowdown * Math.max(0, this.runs.length - 1));
  }
}
