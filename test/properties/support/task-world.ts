import { type TaskKey } from '../../../src/kernel/ids.js';
import { type FullPolicy } from '../../../src/scheduling/core/model.js';
import { type FailoverOffer } from '../../../src/scheduling/core/failover.js';
import { type PreemptionRules } from '../../../src/scheduling/core/preemption.js';
import { BudgetModel } from './budget-model.js';
import { CoreModel } from './core-model.js';

type Replica = CoreModel['pools'][number]['replicas'][number];
type ModelTask = Parameters<CoreModel['about']>[0];

/** What can happen next; `byItself` moves need no caller: engines and supervisor make them. */
export interface Choice {
  readonly name: string;
  readonly byItself: boolean;
  readonly happen: () => void;
}

const TASKS = [
  { key: 'a' as TaskKey, priority: 'batch' },
  { key: 'b' as TaskKey, priority: 'interactive' },
] as const;

const ENDS = ['cancelled', 'deadline-passed', 'watchdog-fired'] as const;

/** Of each task: a prompt of one token and two more. */
const ASK = { promptTokens: 1, maxTokens: 2 };

/** Two tasks of one session, two replicas of one slot, one budget, one crash: small enough to be walked to its end. */
export class TaskWorld {
  readonly model: CoreModel;
  private readonly crashed = new Set<Replica>();
  private crashes = 0;

  /**
   * @param cap tokens that both tasks may use together
   * @param drains the pool may be drained and opened, and a replica be replaced
   * @param failover answers may go on
   */
  constructor(
    policy: FullPolicy,
    cap: number,
    preemption?: PreemptionRules,
    private readonly drains = false,
    private readonly failover?: FailoverOffer,
  ) {
    const pools = [
      {
        capacity: 1,
        classCapacity: { interactive: 1, batch: 1 },
        fullPolicy: { interactive: policy, batch: policy },
        batchMaxWaitMs: 0,
        slots: [1, 1],
        ...(preemption && { preemption }),
        ...(failover && { failover }),
      },
    ];
    this.model = new CoreModel(pools, new BudgetModel({ cap, ...ASK }));
  }

  /** True when every task has ended and every slot came back. */
  get over(): boolean {
    const { tasks } = this.model;
    return tasks.size === TASKS.length && this.model.live().length === 0 && this.model.openLeases().length === 0;
  }

  /** Equal texts are equal worlds: all that can influence what happens from here on. */
  get fingerprint(): string {
    const { tasks, pools } = this.model;
    const [pool] = pools;
    return JSON.stringify([
      // How a task ended changes nothing any more.
      [...tasks.values()]
        .map((task) => [task.key, task.phase, ...(task.phase === 'ended' ? [] : this.pastOf(task))])
        .sort(),
      this.model
        .openLeases()
        .map(({ task, replica, epoch, stopped, reported }) => [
          task.key,
          replica.id,
          epoch === replica.epoch,
          stopped,
          reported,
        ])
        .sort(),
      pool!.replicas.map((replica) => [
        replica.ready,
        Math.min(replica.epoch, 1),
        this.crashed.has(replica),
        [...replica.retired],
      ]),
      pool!.queue.keys,
      [pool!.closed, pool!.draining],
      pool!.suspensions.length,
      this.crashes,
      this.model.budget!.fingerprint,
    ]);
  }

  private pastOf({ requeued, delivered, failovers }: ModelTask): readonly unknown[] {
    return this.failover === undefined ? [requeued] : [requeued, delivered, failovers];
  }

  choices(): Choice[] {
    const drains = this.drains ? this.drain() : [];
    return [...this.submits(), ...this.ends(), ...this.waits(), ...this.runs(), ...this.replicas(), ...drains];
  }

  private drain(): Choice[] {
    const [pool] = this.model.pools;
    const [first] = pool!.replicas;
    const called = (name: string, byItself: boolean, happen: () => void): Choice => ({ name, byItself, happen });
    const toggle = pool!.draining
      ? called('open', true, () => this.model.openPool(pool!))
      : called('drain', false, () => this.model.drainPool(pool!));
    if (!first!.ready || this.crashed.has(first!)) return [toggle];
    return [toggle, called('retire', false, () => this.model.retire(pool!, first!))];
  }

  private submits(): Choice[] {
    const [pool] = this.model.pools;
    return TASKS.filter(({ key }) => !this.model.tasks.has(key)).map(({ key, priority }) => ({
      name: `submit ${key}`,
      byItself: true,
      happen: () => this.model.submit(key, pool!, priority),
    }));
  }

  /** Also for tasks that have ended: late cancels and timers change nothing. */
  private ends(): Choice[] {
    return [...this.model.tasks.values()]
      .filter(({ phase }) => phase !== 'refused')
      .flatMap((task) =>
        (this.drains ? (['called-off'] as const) : ENDS).map((type) => ({
          name: `${type} ${task.key}`,
          byItself: false,
          happen: () => this.model.about(task, type),
        })),
      );
  }

  /** An answer that waits for a slot to go on does so for so long only. */
  private waits(): Choice[] {
    return [...this.model.tasks.values()]
      .filter(({ phase, failovers }) => phase === 'queued' && failovers > 0)
      .map((task) => ({
        name: `give up ${task.key}`,
        byItself: true,
        happen: () => this.model.about(task, 'called-off'),
      }));
  }

  private runs(): Choice[] {
    return this.model.openLeases().flatMap((lease) => {
      const { task, replica, stopped, reported } = lease;
      const called = (name: string, happen: () => void): Choice => ({
        name: `${name} ${task.key} on ${replica.id}`,
        byItself: true,
        happen,
      });
      if (stopped || reported) return [called('release', () => this.model.release(lease))];
      if (this.crashed.has(replica)) return [called('lose', () => this.model.fail(lease, true))];
      const ends = [
        called('complete', () => this.model.complete(lease)),
        called('break', () => this.model.fail(lease, false)),
      ];
      if (task.phase === 'dispatched') return [called('first token', () => this.firstToken(task)), ...ends];
      const tokens = this.model.budget!.nextUse(task.key);
      return tokens === undefined ? ends : [called('use', () => this.model.use(task, tokens)), ...ends];
    });
  }

  /** It comes with its report, prompt and one token, unless a task that was suspended had them all before. */
  private firstToken(task: ModelTask): void {
    this.model.about(task, 'first-token');
    const tokens = this.model.budget!.nextUse(task.key);
    if (tokens !== undefined) this.model.use(task, tokens);
  }

  private replicas(): Choice[] {
    const [pool] = this.model.pools;
    const { replicas } = pool!;
    const called = (name: string, happen: () => void): Choice => ({ name, byItself: true, happen });
    const own = replicas.flatMap((replica) => {
      const { id, ready } = replica;
      if (this.crashed.has(replica)) {
        if (ready) return [called(`notice ${id}`, () => this.model.unready(pool!, replica))];
        return [called(`restart ${id}`, () => this.restart(replica))];
      }
      if (!ready) return [called(`ready ${id}`, () => this.model.ready(pool!, replica, false))];
      return this.crashes === 0 && this.mayCrash(replica) ? [called(`crash ${id}`, () => this.crash(replica))] : [];
    });
    const dark = replicas.every(({ ready }) => !ready) && !pool!.closed;
    return dark ? [...own, called('close', () => this.model.close(pool!))] : own;
  }

  /** Where a replica is replaced, it is that one which crashes, before or after. */
  private mayCrash(replica: Replica): boolean {
    return !this.drains || replica === this.model.pools[0]!.replicas[0];
  }

  private crash(replica: Replica): void {
    this.crashes++;
    this.crashed.add(replica);
  }

  private restart(replica: Replica): void {
    this.crashed.delete(replica);
    this.model.ready(this.model.pools[0]!, replica, true);
  }
}
