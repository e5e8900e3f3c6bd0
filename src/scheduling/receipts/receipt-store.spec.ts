import { type TaskKey, poolId } from '../../kernel/ids.js';
import { ReceiptStore } from './receipt-store.js';
import { type StoredReceipt, bytesOf } from './stored.js';

function receipt(task: string, clockMs: number): StoredReceipt {
  const stamp = { task: task as TaskKey, poolId: poolId('p'), atMs: 0, clockMs };
  return { kind: 'requeue', ...stamp, code: 'WORKER_RESET', failover: undefined };
}

const BYTES = bytesOf(receipt('t', 0));
const timesOf = (store: ReceiptStore, task: string) => store.of(task as TaskKey).map(({ clockMs }) => clockMs);

describe('the store of receipts', () => {
  it('finds the receipts of a task in their order (ORCH-4414)', () => {
    const store = new ReceiptStore({ receipts: 10, bytes: Infinity });
    for (const [at, task] of ['a', 'b', 'a', 'a'].entries()) store.add(receipt(task, at));
    expect([timesOf(store, 'a'), timesOf(store, 'b'), timesOf(store, 'c')]).toEqual([[0, 2, 3], [1], []]);
  });

  it('forgets the oldest when there are too many (ORCH-4414)', () => {
    const store = new ReceiptStore({ receipts: 3, bytes: Infinity });
    for (const [at, task] of ['a', 'b', 'a', 'c', 'a'].entries()) store.add(receipt(task, at));
    expect([timesOf(store, 'a'), timesOf(store, 'b'), timesOf(store, 'c')]).toEqual([[2, 4], [], [3]]);
    expect([store.size, store.bytes]).toEqual([3, 3 * BYTES]);
  });

  it('forgets the oldest when they take too much memory, and keeps the newest whatever its size (ORCH-4414)', () => {
    const store = new ReceiptStore({ receipts: 100, bytes: 2.5 * BYTES });
    for (let at = 0; at < 9; at++) store.add(receipt(`t${at}`, at));
    expect([store.size, store.bytes, timesOf(store, 't7'), timesOf(store, 't6')]).toEqual([2, 2 * BYTES, [7], []]);
    const tiny = new ReceiptStore({ receipts: 100, bytes: 1 });
    tiny.add(receipt('a', 1));
    tiny.add(receipt('b', 2));
    expect([tiny.size, timesOf(tiny, 'b')]).toEqual([1, [2]]);
  });

  it('holds the same over many rounds of its ring (ORCH-4414)', () => {
    const store = new ReceiptStore({ receipts: 7, bytes: 5 * BYTES });
    for (let at = 0; at < 1_000; at++) {
      store.add(receipt(`t${at % 3}`, at));
      const kept = ['t0', 't1', 't2'].flatMap((task) => timesOf(store, task)).toSorted((a, b) => a - b);
      const first = Math.max(0, at - 4);
      expect(kept).toEqual(Array.from({ length: at - first + 1 }, (_, index) => first + index));
    }
  });
});
