import { type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import edf from '@llama-orch/queue-edf';
import { settle } from '../../test/support/fake-clock.js';
import { SchedulerRig } from '../../test/support/scheduler-rig.js';

const options = edf.options.parse({ inside: 'priority-fifo' });
const queueOf = () => (edf.create(options, { log: () => {} }) as QueueDisciplineFactory).createQueue();

/** One slot that is busy, and a queue of four under `edf` that is full. */
async function full(): Promise<SchedulerRig> {
  const rig = await SchedulerRig.ready({ queue: queueOf(), pool: { queue: { capacity: 4 } } });
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
});
