import { type DispatchReceipt, type PreemptionReceipt, type Receipt } from '@llama-orch/client';
import leastLoaded from '@llama-orch/placement-least-loaded';
import mostFreeVram from '@llama-orch/placement-most-free-vram';
import predictedFinish from '@llama-orch/placement-predicted-finish';
import roundRobin from '@llama-orch/placement-round-robin';
import {
  EngineError,
  type PlacementStrategy,
  type QueueDisciplineFactory,
  type QueueDisciplinePlugin,
} from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import wfq from '@llama-orch/queue-wfq';
import edf from '@llama-orch/queue-edf';
import { AppError } from '../../src/kernel/errors.js';
import { SeededRandom } from '../../src/kernel/random.js';
import { digestOf } from '../../src/scheduling/receipts/digest.js';
import { replay } from '../../src/scheduling/receipts/replay.js';
import { settle } from '../support/fake-clock.js';
import { SchedulerRig } from '../support/scheduler-rig.js';
import { ReceiptTraffic } from './support/receipt-traffic.js';

const noLog = { log: () => {} };

const DISCIPLINES = { 'priority-fifo': priorityFifo, wfq, edf } as const;

const STRATEGIES: Readonly<Record<string, PlacementStrategy>> = {
  'least-loaded': leastLoaded.create({}, noLog) as PlacementStrategy,
  'most-free-vram': mostFreeVram.create({}, noLog) as PlacementStrategy,
  'predicted-finish': predictedFinish.create({}, noLog) as PlacementStrategy,
  'round-robin': roundRobin.create({}, noLog) as PlacementStrategy,
  'all alike': {
    rank: (_, candidates) => candidates.map(({ replicaId }) => ({ replicaId, score: 0, why: 'as good' })),
  },
  'by the name of the task': {
    rank: ({ taskId }, candidates) => {
      const scoreOf = (id: string) =>
        [...(taskId + id)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7);
      return candidates
        .map(({ replicaId }) => ({ replicaId, score: scoreOf(replicaId) / 7, why: 'x'.repeat(400) }))
        .sort((a, b) => a.score - b.score);
    },
  },
  'throwing now and then': {
    rank: ({ priority }, candidates) => {
      if (priority === 'batch') throw new Error('broken');
      return candidates.map(({ replicaId }) => ({ replicaId, score: Number.NaN, why: '' })).reverse();
    },
  },
  'naming what was not offered': {
    rank: (_, [first]) =>
      [
        null,
        { replicaId: 'nowhere' },
        { replicaId: 'p-9', score: -Infinity, why: '' },
        { replicaId: first!.replicaId, score: 1, why: 'last' },
      ] as never,
  },
  'answering no list': { rank: () => 7 as never },
};

function queueOf(plugin: QueueDisciplinePlugin): QueueDisciplineFactory {
  return plugin.create(plugin.options.parse({}), noLog) as QueueDisciplineFactory;
}

const CASES = Object.entries(DISCIPLINES).flatMap(([discipline, plugin]) =>
  Object.entries(STRATEGIES).map(([name, strategy]) => ({
    discipline,
    name,
    plugin: plugin,
    strategy,
  })),
);

/** A receipt as it comes back from a file. */
const reread = (receipt: Receipt) => JSON.parse(JSON.stringify(receipt)) as Receipt;

/** Receipts of random traffic through the core, with the strategy that made them. */
async function decisions(index: number, events: number): Promise<{ receipts: Receipt[]; strategy: PlacementStrategy }> {
  const { plugin, strategy } = CASES[index]!;
  const factory = queueOf(plugin);
  const traffic = { seed: index + 1, events, newQueue: () => factory.createQueue(), strategy };
  return { receipts: (await new ReceiptTraffic(traffic).run()).all, strategy };
}

function expectSame(receipt: Receipt, strategy: PlacementStrategy): void {
  const differences = replay(reread(receipt), strategy);
  if (differences.length > 0) expect({ receipt, differences }).toEqual({ receipt, differences: [] });
}

/** Each number and text below a value, with a way to change it. */
function leavesOf(value: unknown): (() => void)[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const holder = value as Record<string, unknown>;
    if (typeof member === 'number') return [() => void (holder[name] = member + 1)];
    if (typeof member === 'string') return [() => void (holder[name] = `${member}x`)];
    if (typeof member === 'boolean') return [() => void (holder[name] = !member)];
    return leavesOf(member);
  });
}

describe('recorded decisions', () => {
  it('come out the same bit for bit when the code makes them again, 10,000 and more (ORCH-4414)', async () => {
    const kinds: Record<string, number> = {};
    for (const index of CASES.keys()) {
      const { receipts, strategy } = await decisions(index, 900);
      for (const receipt of receipts) {
        expectSame(receipt, strategy);
        const kind = receipt.kind === 'admission' ? `admission ${receipt.chosen.room}` : receipt.kind;
        kinds[kind] = (kinds[kind] ?? 0) + 1;
      }
    }
    const count = Object.values(kinds).reduce((sum, number) => sum + number, 0);
    expect(count).toBeGreaterThan(10_000);
    // The walk is worth something only when it came by everything that is decided.
    expect(Object.keys(kinds).sort()).toEqual([
      'admission evict',
      'admission free',
      'admission full',
      'dispatch',
      'eviction',
      'preemption',
      'requeue',
    ]);
  }, 300_000);

  it('stand on the facts that the strategy asks for, and on no others (ORCH-4414, ORCH-3012)', async () => {
    const seen: Record<string, string[]> = {};
    let passedOver = 0;
    for (const [index, { name }] of CASES.entries()) {
      if (CASES[index]!.discipline !== 'wfq') continue;
      const { receipts } = await decisions(index, 500);
      const dispatches = receipts.filter((one) => one.kind === 'dispatch');
      const members = new Set(dispatches.flatMap(({ candidates }) => candidates.flatMap((one) => Object.keys(one))));
      const sized = dispatches.some(({ inputs }) => inputs.size !== null) ? ['size'] : [];
      passedOver += dispatches.filter(({ why }) => why.includes('passed over')).length;
      seen[name] = [...members]
        .filter((member) => !PLAIN.includes(member))
        .concat(sized)
        .sort();
    }
    expect(seen).toMatchObject({
      'least-loaded': ['size'],
      'most-free-vram': ['free_vram_bytes', 'size'],
      'predicted-finish': ['rates', 'size', 'warm_tokens'],
      'round-robin': ['dispatches', 'size'],
    });
    expect(passedOver).toBeGreaterThan(0);
  }, 300_000);

  it('come out the same through the scheduler with everything around it (ORCH-4414)', async () => {
    const kinds = new Set<string>();
    const random = new SeededRandom(11);
    const below = (limit: number) => Math.floor(random.next() * limit);
    const queue = { capacity: 3, full_policy: 'drop-lru' };
    const rig = await SchedulerRig.ready({ pool: { replicas: 2, slots: 2, queue, determinism: 'best_effort' } });
    for (let round = 0; round < 600; round++) {
      const run = rig.adapter.liveRuns[below(rig.adapter.liveRuns.length)];
      if (below(3) > 0) submitOne(rig, below(3) === 0 ? 'batch' : 'interactive', 1 + below(9_000));
      else if (below(8) === 0) run?.fail(new EngineError('reset', 'socket closed'));
      else run?.end();
      await rig.clock.advance(below(300));
      await settle();
    }
    const strategy = rig.scheduler.outlook(rig.pool.id).pool.strategy;
    const receipts = rig.tasks.flatMap(({ key }) => rig.receipts.of(key));
    for (const receipt of receipts) {
      expectSame(receipt, strategy);
      kinds.add(receipt.kind);
    }
    expect(receipts.length).toBeGreaterThan(500);
    expect([...kinds].sort()).toEqual(['admission', 'dispatch', 'eviction', 'requeue']);
    await rig.pools.stop();
  }, 300_000);

  it('show every change that is made to them afterwards (ORCH-4414)', async () => {
    const { receipts, strategy } = await decisions(0, 120);
    for (const receipt of receipts) {
      const leaves = leavesOf(reread(receipt)).length;
      for (let leaf = 0; leaf < leaves; leaf++) {
        const tampered = reread(receipt);
        leavesOf(tampered)[leaf]!();
        expect(replay(tampered, strategy)).not.toEqual([]);
      }
    }
  }, 300_000);

  it('show a changed input by the decision that follows from it, even with a digest to match (ORCH-4414)', async () => {
    const { receipts, strategy } = await decisions(0, 300);
    const full = reread(receipts.find((one) => one.kind === 'admission' && one.chosen.room === 'full')!);
    const tampered = {
      ...full,
      inputs: { ...full.inputs, room: { ...roomOf(full), capacity: 1_000, class_capacity: PLENTY } },
    };
    const differences = replay({ ...tampered, digest: digestOf(tampered) } as Receipt, strategy);
    expect(differences.map(({ member }) => member).sort()).toEqual([
      'chosen.code',
      'chosen.policy',
      'chosen.room',
      'why',
    ]);
    const sent = receipts.find((one) => one.kind === 'dispatch' && one.candidates.length > 1)!;
    const elsewhere = { ...reread(sent), candidates: (sent as DispatchReceipt).candidates.slice(1).reverse() };
    const moved = replay({ ...elsewhere, digest: digestOf(elsewhere) } as Receipt, strategy);
    expect(moved.length).toBeGreaterThan(0);
  });

  it('show a change to those who might have been suspended (ORCH-4414, ORCH-3086)', async () => {
    const { receipts, strategy } = await decisions(0, 900);
    const choice = (one: Receipt) => one.kind === 'preemption' && one.candidates.length > 1;
    const receipt = reread(receipts.find(choice)!) as PreemptionReceipt;
    expect(receipt.chosen.task_id).toBe(receipt.task_id);
    const candidates = receipt.candidates.map((one) => (one.task_id === receipt.task_id ? { ...one, lease: 0 } : one));
    const tampered = { ...receipt, candidates, digest: digestOf({ ...receipt, candidates }) };
    expect(replay(tampered, strategy).map(({ member }) => member)).toEqual(['scores', 'chosen.task_id']);
    const nobody = { ...receipt, candidates: [] };
    expect(replay({ ...nobody, digest: digestOf(nobody) }, strategy).map(({ member }) => member)).toContain('chosen');
  });

  it('name no task and no tenant but the own (ORCH-4414, OC-CTRL-2040)', async () => {
    const { receipts } = await decisions(1, 600);
    let others = 0;
    for (const receipt of receipts) {
      const text = JSON.stringify(receipt);
      const tenants = ['acme', 'bright', 'cedar'].filter((tenant) => text.includes(tenant));
      expect(tenants.length).toBeLessThanOrEqual(1);
      if (text.includes('another-')) others++;
    }
    expect(others).toBeGreaterThan(0);
  });
});

const PLAIN = ['replica_id', 'slots_total', 'slots_busy', 'labels'];

const PLENTY = { interactive: 1_000, batch: 1_000 };

function roomOf(receipt: Receipt) {
  if (receipt.kind !== 'admission') throw new Error(`a receipt of kind ${receipt.kind} has no room`);
  return receipt.inputs.room;
}

function submitOne(rig: SchedulerRig, priority: 'interactive' | 'batch', deadlineMs: number): void {
  try {
    rig.submit({ priority, deadlineMs });
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 429) throw error;
  }
}
