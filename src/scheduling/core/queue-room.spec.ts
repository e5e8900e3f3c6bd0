import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type PoolSetup, corePool } from '../../../test/properties/support/core-model.js';
import { type FullPolicy } from './model.js';
import { roomFacts, roomFor } from './queue-room.js';

interface Caps {
  readonly capacity?: number;
  readonly interactive?: number;
  readonly batch?: number;
}

/** What happens to a newcomer when `waiting` wait: `i` and `b` in the order of their arrival. */
function room(
  policy: FullPolicy,
  newcomer: PriorityClass,
  waiting: string,
  { capacity = 5, interactive = 5, batch = 5 }: Caps = {},
): string {
  const fullPolicy = { interactive: policy, batch: policy };
  const setup: PoolSetup = {
    capacity,
    classCapacity: { interactive, batch },
    fullPolicy,
    batchMaxWaitMs: 0,
    slots: [],
  };
  const pool = corePool(0, setup);
  [...waiting].forEach((letter, at) => {
    pool.queue.enqueue({
      taskId: `${letter}${at}`,
      priority: letter === 'b' ? 'batch' : 'interactive',
      enqueuedAt: at,
    });
  });
  const before = pool.queue.size;
  const found = roomFor(newcomer, roomFacts(pool));
  // Looking changes nothing.
  expect(pool.queue.size).toBe(before);
  if (found.type === 'evict') return `evict ${found.victim.taskId} by ${found.policy}`;
  return found.type === 'full' ? `${found.code} by ${found.policy}` : 'free';
}

const POLICIES: readonly FullPolicy[] = ['reject', 'drop-lru', 'shed-low-priority'];

describe('room in a queue', () => {
  it.each(POLICIES)('is free below both caps, with %s (ORCH-3004)', (policy) => {
    expect([room(policy, 'interactive', 'ibib'), room(policy, 'batch', '')]).toEqual(['free', 'free']);
  });

  it('is refused by reject when the pool or the class is full (ORCH-3005, OC-CORE-1002)', () => {
    expect(room('reject', 'interactive', 'bbbbb')).toBe('ADMISSION_REJECT by reject');
    expect(room('reject', 'batch', 'bb', { batch: 2 })).toBe('ADMISSION_REJECT by reject');
  });

  it.each([
    ['the oldest batch item of a full pool', 'interactive', 'ibiib', {}, 'evict b1 by drop-lru'],
    ['the oldest batch item for a batch newcomer too', 'batch', 'iibib', {}, 'evict b2 by drop-lru'],
    ['the oldest interactive item when there is no batch', 'interactive', 'iiiii', {}, 'evict i0 by drop-lru'],
    [
      'the oldest of the class whose cap alone is reached',
      'interactive',
      'biibi',
      { interactive: 3, capacity: 9 },
      'evict i1 by drop-lru',
    ],
    ['the oldest batch item when the cap of batch is reached', 'batch', 'ibb', { batch: 2 }, 'evict b1 by drop-lru'],
    [
      'the oldest of the own class when class and pool are full',
      'interactive',
      'biiib',
      { interactive: 3 },
      'evict i1 by drop-lru',
    ],
  ] as const)('is made by drop-lru at the cost of %s (ORCH-4404)', (_whom, newcomer, waiting, caps, expected) => {
    expect(room('drop-lru', newcomer, waiting, caps)).toBe(expected);
  });

  it('is never made for batch at the cost of interactive (ORCH-4404)', () => {
    expect(room('drop-lru', 'batch', 'iiiii')).toBe('QUEUE_FULL_DROP_LRU by drop-lru');
    expect(room('shed-low-priority', 'batch', 'iiiib')).toBe('ADMISSION_REJECT by shed-low-priority');
  });

  it.each([
    ['the newest batch item', 'ibibi', {}, 'evict b3 by shed-low-priority'],
    ['nobody when there is no batch', 'iiiii', {}, 'ADMISSION_REJECT by shed-low-priority'],
    ['nobody when its own class is full', 'biib', { interactive: 2 }, 'ADMISSION_REJECT by shed-low-priority'],
  ] as const)(
    'is made by shed-low-priority for interactive at the cost of %s (ORCH-4404)',
    (_whom, waiting, caps, expected) => {
      expect(room('shed-low-priority', 'interactive', waiting, caps)).toBe(expected);
    },
  );

  it('follows the policy of the newcomer, not that of those who wait (ORCH-3005)', () => {
    const fullPolicy = { interactive: 'drop-lru', batch: 'reject' } as const;
    const pool = corePool(0, {
      capacity: 1,
      classCapacity: { interactive: 1, batch: 1 },
      fullPolicy,
      batchMaxWaitMs: 0,
      slots: [],
    });
    pool.queue.enqueue({ taskId: 'b', priority: 'batch', enqueuedAt: 0 });
    const facts = roomFacts(pool);
    expect([roomFor('batch', facts).type, roomFor('interactive', facts).type]).toEqual(['full', 'evict']);
  });
});
