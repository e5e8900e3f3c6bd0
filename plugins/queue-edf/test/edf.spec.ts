import { type QueueDiscipline, type QueueFacts, type QueueItem } from '@llama-orch/plugin-sdk';
import edf from '../src/index.js';

const noLog = { log: () => {} };

async function newQueue(options: object = {}, facts?: QueueFacts): Promise<QueueDiscipline> {
  const factory = await edf.create(edf.options.parse(options), noLog);
  return factory.createQueue(facts);
}

/** Tasks as `b:40@5`: the letter is the class, 40 the deadline, 5 the arrival. */
function item(text: string): QueueItem {
  const [, letter, deadline, at] = /^(\w+):(\d*)@(\d+)$/.exec(text)!;
  return {
    taskId: text,
    priority: letter === 'b' ? 'batch' : 'interactive',
    enqueuedAt: Number(at),
    ...(deadline !== '' && { deadlineAt: Number(deadline) }),
    tenantId: letter!,
    cost: 100,
  };
}

function fill(queue: QueueDiscipline, texts: string): QueueDiscipline {
  for (const text of texts.split(' ')) queue.enqueue(item(text));
  return queue;
}

function drain(queue: QueueDiscipline, now = 0): string {
  const ids: string[] = [];
  for (let one = queue.next(now); one !== undefined; one = queue.next(now)) ids.push(one.taskId);
  return ids.join(' ');
}

describe('edf', () => {
  it('takes the earliest deadline of a class first, then those without one as they came (ORCH-4409)', async () => {
    const queue = fill(await newQueue(), 'i:@1 i:90@2 b:10@3 i:@4 i:50@5 b:@6 i:90@7');
    expect(drain(queue)).toBe('i:50@5 i:90@2 i:90@7 i:@1 i:@4 b:10@3 b:@6');
  });

  it('promotes the head of the batch lane as long as batch work has waited too long (ORCH-4409, ORCH-4403)', async () => {
    const queue = fill(await newQueue({ batch_max_wait_ms: 100 }), 'b:@0 b:500@90 i:@91 i:@92 i:@93');
    expect(queue.position('b:@0', 100)).toBe(2);
    expect(drain(queue, 100)).toBe('b:500@90 i:@91 b:@0 i:@92 i:@93');
  });

  it('orders each flow of wfq, and leaves the shares to it (ORCH-4409, ORCH-4408)', async () => {
    const options = { inside: 'wfq', quantum: 100, tenant_weights: { x: 9 } };
    const queue = fill(await newQueue(options, { tenantWeights: { x: 2 } }), 'x:90@1 x:80@2 x:70@3 y:60@4 y:50@5');
    expect(drain(queue)).toBe('x:70@3 x:80@2 y:50@5 x:90@1 y:60@4');
    expect(queue.shares?.().length).toBe(2);
  });

  it('gives up the task with the least chance, of several the one whose turn is last (ORCH-3080-v31)', async () => {
    const queue = fill(await newQueue(), 'i:50@1 i:60@2 i:70@3 b:80@4');
    const chances: Record<string, number> = { 'i:50@1': 0.9, 'i:60@2': 0.2, 'i:70@3': 0.2, 'b:80@4': 0.3 };
    const asked: number[] = [];
    const chanceOf = ({ taskId }: QueueItem, ahead: number) => {
      asked.push(ahead);
      return chances[taskId]!;
    };
    expect(queue.leastHopeful?.(10, chanceOf)?.taskId).toBe('i:70@3');
    expect(asked).toEqual([0, 1, 2, 3]);
    expect(queue.size).toBe(4);
  });

  it('gives up nobody who is sure to be on time (ORCH-3080-v31)', async () => {
    const queue = fill(await newQueue(), 'i:@1 i:60@2');
    expect(queue.leastHopeful?.(0, () => 1)).toBeUndefined();
  });

  it('takes the options of the discipline inside, and of no other (ORCH-4701)', () => {
    expect(edf.options.parse({})).toEqual({ inside: 'priority-fifo', batch_max_wait_ms: 60_000 });
    expect(edf.options.parse({ inside: 'wfq' })).toMatchObject({ inside: 'wfq', quantum: 512, share_alpha: 0.05 });
    for (const refused of [{ inside: 'edf' }, { quantum: 9 }, { inside: 'wfq', batch_max_wait_ms: 1 }]) {
      expect(edf.options.safeParse(refused).success).toBe(false);
    }
  });
});
