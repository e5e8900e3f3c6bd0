import { type PlacementCandidate, type PlacementFact } from '@llama-orch/plugin-sdk';
import { corePool } from '../../../test/properties/support/core-model.js';
import { type SessionId, type TaskKey, poolId, replicaId, sessionKey } from '../../kernel/ids.js';
import { type SchedulerEvent, emptyState } from './model.js';
import { step } from './step.js';

const POOL = poolId('pool-0');
const RATES = { prefillTps: 900, decodeTps: 30, slowdown: 0.1, uncertainty: 0.2 };
const SESSION = sessionKey('default', 's' as SessionId);
const idOf = (at: number) => replicaId(POOL, at);

/** A core whose strategy takes the last candidate and shows what it was offered; no wish goes before it. */
class Core {
  readonly offered: (readonly PlacementCandidate[])[] = [];
  readonly tasks: object[] = [];
  private readonly leases: { key: TaskKey; lease: number; on: string }[] = [];
  private state = emptyState();
  private number = 0;

  constructor(needs?: readonly PlacementFact[]) {
    const setup = { capacity: 99, classCapacity: { interactive: 99, batch: 99 }, batchMaxWaitMs: 0, slots: [] };
    const plain = corePool(0, { ...setup, fullPolicy: { interactive: 'reject', batch: 'reject' } });
    const strategy = {
      ...(needs && { needs }),
      rank: (task: object, candidates: readonly PlacementCandidate[]) => {
        this.tasks.push(task);
        this.offered.push(candidates);
        return candidates.map(({ replicaId: id }) => ({ replicaId: id, score: 0, why: 'as good' })).reverse();
      },
    };
    this.state.pools.set(POOL, { ...plain, strategy, affinityMaxLoad: -1 });
    this.take({ type: 'session-opened', session: SESSION, account: undefined, lastReplica: undefined });
  }

  take(event: SchedulerEvent): void {
    const [state, commands] = step(this.state, event);
    this.state = state;
    for (const command of commands)
      if (command.type === 'dispatch') this.leases.push({ ...command, on: command.replicaId });
  }

  join(at: number, epoch = 1, facts: object = {}): void {
    const start = { epoch, slots: 9, interruptible: false, labels: {}, now: 0 };
    this.take({ type: 'replica-ready', poolId: POOL, replicaId: idOf(at), ...start, ...facts });
  }

  /** Submits a task that starts at once; the replica that it went to. */
  submit(more: Partial<Extract<SchedulerEvent, { type: 'submitted' }>> = {}): string {
    const key = `default/t${this.number++}` as TaskKey;
    const item = { taskId: key, priority: 'interactive', enqueuedAt: 0 } as const;
    this.take({ type: 'submitted', key, poolId: POOL, item, now: 0, ...more });
    return this.leases.at(-1)!.on;
  }

  /** The last task has brought its first token, and then its end. */
  finish(): void {
    const { key, lease } = this.leases.pop()!;
    this.take({ type: 'first-token', key });
    this.take({ type: 'run-completed', key, lease });
    this.take({ type: 'lease-released', lease, now: 0 });
  }
}

const plain = (at: number, slotsBusy = 0) => ({ replicaId: idOf(at), slotsTotal: 9, slotsBusy, labels: {} });

describe('candidates', () => {
  it('carry no fact that the strategy does not need (OC-CORE-1010)', () => {
    const core = new Core();
    core.join(0, 1, { freeVramBytes: 7, rates: RATES });
    core.submit({ size: { promptTokens: 5, expectedTokens: 6 } });
    expect(core.offered).toEqual([[plain(0)]]);
  });

  it('carry the newest free memory, and none once nobody knows it (ORCH-3012, ORCH-1103)', () => {
    const core = new Core(['memory']);
    core.join(0, 1, { freeVramBytes: 7 });
    core.join(1);
    core.submit();
    core.take({ type: 'replica-memory', poolId: POOL, replicaId: idOf(1), freeVramBytes: 5 });
    core.take({ type: 'replica-memory', poolId: POOL, replicaId: idOf(0), freeVramBytes: undefined });
    core.submit();
    core.take({ type: 'replica-memory', poolId: POOL, replicaId: idOf(7), freeVramBytes: 5 });
    expect(core.offered).toEqual([
      [{ ...plain(0), freeVramBytes: 7 }, plain(1)],
      [plain(0), { ...plain(1, 1), freeVramBytes: 5 }],
    ]);
  });

  it('carry rates, which a restart does not forget, and the task its size (ORCH-4406)', () => {
    const core = new Core(['rates']);
    core.join(0, 1, { rates: RATES });
    core.submit({ size: { promptTokens: 50, expectedTokens: 60 } });
    core.take({ type: 'replica-rates', poolId: POOL, replicaId: idOf(0), rates: { ...RATES, decodeTps: 31 } });
    core.join(0, 2);
    core.submit();
    expect(core.offered.map(([only]) => only!.rates)).toEqual([RATES, { ...RATES, decodeTps: 31 }]);
    expect(core.tasks[0]).toMatchObject({ promptTokens: 50, expectedTokens: 60 });
  });

  it('count what they were given, and newcomers have not to catch up (OC-CORE-1010)', () => {
    const core = new Core(['dispatches']);
    core.join(0);
    for (let task = 0; task < 3; task++) core.submit();
    core.join(1);
    for (let task = 0; task < 2; task++) core.submit();
    core.join(0, 2);
    core.submit();
    const counts = core.offered.map((all) => all.map(({ dispatches }) => dispatches));
    expect(counts).toEqual([[0], [1], [2], [3, 3], [3, 4], [5, 5]]);
  });

  it('tell what their cache holds of the prompt, until they start again (ORCH-3009)', () => {
    const core = new Core(['warmth']);
    const session = { key: SESSION, reuse: true };
    const size = { promptTokens: 400, expectedTokens: 9 };
    core.join(0);
    core.submit({ session, size });
    core.finish();
    core.join(1);
    const offered = (task: object) => {
      core.submit(task);
      return core.offered.at(-1)!.map(({ warmTokens }) => warmTokens);
    };
    expect(offered({ session, size: { ...size, promptTokens: 300 } })).toEqual([300, undefined]);
    expect(offered({ session: { ...session, reuse: false }, size })).toEqual([undefined, undefined]);
    core.join(0, 2);
    expect(offered({ session, size })).toEqual([undefined, undefined]);
  });
});
