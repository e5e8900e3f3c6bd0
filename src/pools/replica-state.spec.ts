import { type ReplicaState, canMove, poolStateOf } from './replica-state.js';

const STATES: readonly ReplicaState[] = ['starting', 'preloading', 'ready', 'backoff', 'failed', 'stopped'];

describe('replica states', () => {
  it('become Ready only out of the preload (OC-POOL-3001)', () => {
    expect(STATES.filter((from) => canMove(from, 'ready'))).toEqual(['preloading']);
  });

  it('can be stopped at any time, and then stay stopped', () => {
    expect(STATES.filter((from) => canMove(from, 'stopped'))).toEqual(STATES.filter((state) => state !== 'stopped'));
    expect(STATES.filter((to) => canMove('stopped', to))).toEqual([]);
  });

  it('fall into backoff or failed from every part of a life (OC-POOL-3002)', () => {
    for (const from of ['starting', 'preloading', 'ready'] as const)
      expect(canMove(from, 'backoff') && canMove(from, 'failed')).toBe(true);
  });

  it.each([
    [['ready', 'failed'], 'ready'],
    [['backoff', 'preloading'], 'preloading'],
    [['starting', 'failed'], 'provisioning'],
    [['failed', 'backoff'], 'backoff'],
    [['failed', 'stopped'], 'failed'],
    [[], 'stopped'],
  ] as const)('of %j make the pool %s (OC-POOL-3003)', (replicas, pool) => {
    expect(poolStateOf(replicas)).toBe(pool);
  });
});
