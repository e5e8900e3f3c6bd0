import { type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import edf from '@llama-orch/queue-edf';
import { settle } from '../../test/support/fake-clock.js';
import { SchedulerRig } from '../../test/support/scheduler-rig.js';
import { type OverloadRules } from './forecast/overload.js';
import { digestOf } from './receipts/digest.js';
import { replay } from './receipts/replay.js';

const options = edf.options.parse({ inside: 'priority-fifo' });
const queueOf = () => (edf.create(options, { log: () => {} }) as QueueDisciplineFactory).createQueue();

/** One slot that is busy, and a queue of four under `edf` that is full. */
async function full(overload?: OverloadRules): Promise<SchedulerRig> {
  const rules = overload && { overload };
  const rig = await SchedulerRig.ready({ queue: queueOf(), pool: { queue: { capacity: 4 } }, ...rules });
  for (let count = 0; count < 4; count++) rig.submit({ deadlineMs: count === 2 ? 30_000 : 3_600_000 });
  rig.submit();
  await settle();
  return rig;
}

describe('A queue by deadline that stays nearly full', () => {
  it('lets the task go that is least likely to be on time, and takes the newcomer (ORCH-3080-v31)', async () => {
    const rig = await full();
    await rig.clock.advance(10_000);
    const newcomer = rig.submit();
    expect(rig.tasks.map(({ state }) => state).filter((state) => state === 'evicted')).toHaveLength(1);
    expect(rig.tasks[2]!.error?.code).toBe('QUEUE_FULL_DROP_LRU');
    expect(newcomer.state).toBe('queued');
  });

  it('refuses newcomers as any other before that time is over (ORCH-3080-v31)', async () => {
    const rig = await full();
    await rig.clock.advance(9_000);
    expect(rig.refusal().code).toBe('ADMISSION_REJECT');
  });

  it('waits as long as it is told (ORCH-3080-v31)', async () => {
    const [early, due] = [await full({ share: 1, forMs: 500 }), await full({ share: 1, forMs: 500 })];
    await early.clock.advance(499);
    expect(early.refusal().code).toBe('ADMISSION_REJECT');
    await due.clock.advance(500);
    due.submit();
    expect(due.tasks[2]!.state).toBe('evicted');
  });

  it('leaves a receipt that says why, and that replays (ORCH-4414, ORCH-3080-v31)', async () => {
    const rig = await full();
    await rig.clock.advance(10_000);
    rig.submit();
    const receipt = rig.receipts.of(rig.tasks[2]!.key).at(-1)!;
    expect(receipt).toMatchObject({
      kind: 'eviction',
      inputs: { newcomer: null, room: null, overload: { waiting: 4, capacity: 4, full_for_ms: 10_000, share: 0.9 } },
      chosen: { task_id: rig.tasks[2]!.request.id, policy: 'drop-lru' },
    });
    expect(receipt.why).toMatch(
      /^For 10 s the queue has been nearly full, 4 of 4 places now; of all that wait, .* with a chance of .*%\.$/,
    );
    const { strategy } = rig.scheduler.outlook(rig.pool.id).pool;
    expect(replay(receipt, strategy)).toEqual([]);
    if (receipt.kind !== 'eviction') throw new Error('the receipt is of another kind');
    const inputs = { ...receipt.inputs, overload: { ...receipt.inputs.overload!, waiting: 1 } };
    const tampered = { ...receipt, inputs, digest: digestOf({ ...receipt, inputs }) };
    expect(replay(tampered, strategy).map(({ member }) => member)).toContain('chosen');
  });
});
