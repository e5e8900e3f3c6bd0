import { type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { type Receipt } from '@llama-orch/client';
import { SchedulerRig } from '../../../test/support/scheduler-rig.js';
import { type TaskRequest } from '../../tasks/task.js';
import { whatIf } from './counterfactual.js';

type Asked = Parameters<typeof whatIf>[0];

/** What if, for the last of some tasks that came one after the other to a pool with one slot. */
async function answer(asked: Asked, arrivals: readonly Partial<TaskRequest>[], pool = {}) {
  const rig = await SchedulerRig.ready({ pool });
  for (const facts of arrivals) rig.submit(facts);
  const { key } = rig.tasks.at(-1)!;
  const receipts = rig.receipts.of(key);
  const result = whatIf(asked, receipts, rig.scheduler.outlook(rig.pool.id).pool.strategy);
  await rig.pools.stop();
  return { result: result!, names: rig.tasks.map(({ request }) => request.id) };
}

const I = { priority: 'interactive' } as const;
const B = { priority: 'batch' } as const;

describe('what would have been', () => {
  it('has batch work behind all others and interactive work before it (ORCH-4414)', async () => {
    const asInteractive = await answer(I, [I, I, B, B, B]);
    expect(asInteractive.result).toMatchObject({ room: 'free', queue_position: 1, replica_id: null });
    const asBatch = await answer(B, [I, I, B, B, I]);
    expect(asBatch.result).toMatchObject({ room: 'free', queue_position: 3 });
    const starts = [asInteractive, asBatch].map(({ result }) => result.predicted_start_ms ?? 0);
    expect(starts[1]).toBeGreaterThan(starts[0]!);
  });

  it('is what was, for the class that was asked for (ORCH-4414)', async () => {
    const { result } = await answer(I, [I, I, I]);
    expect(result).toMatchObject({ queue_position: 1, room: 'free' });
  });

  it('evicts whom the policy of the other class evicts (ORCH-4414, ORCH-4404)', async () => {
    const pool = { queue: { capacity: 3, full_policy: 'shed-low-priority' } };
    const { result, names } = await answer(B, [I, B, B, B, I], pool);
    expect(result).toMatchObject({ room: 'full', code: 'ADMISSION_REJECT', predicted_start_ms: null });
    const lru = await answer(I, [I, B, B, B, B], { queue: { capacity: 3, full_policy: 'drop-lru' } });
    expect(lru.result).toMatchObject({ room: 'evict', victim: names[1], queue_position: 0 });
  });

  it('starts at once where a slot was free, on the replica that the strategy takes then (ORCH-4414)', async () => {
    const { result } = await answer(B, [I], { replicas: 2 });
    expect(result).toMatchObject({ queue_position: 0, predicted_start_ms: 0, replica_id: 'p-0' });
  });

  it('refuses a deadline that the estimate cannot meet (ORCH-4414, ORCH-4405)', async () => {
    const { result } = await answer({ deadline_ms: 1 }, [I, I]);
    expect(result).toMatchObject({ meets_deadline: false, code: 'DEADLINE_UNMET', queue_position: null });
  });

  it('cannot be told without the receipt of the admission (ORCH-4414)', () => {
    const strategy: PlacementStrategy = { rank: () => [] };
    expect(whatIf(I, [] as readonly Receipt[], strategy)).toBeUndefined();
  });
});
