import { type ReplicaState, canHoldTasks, canMove, poolStateOf } from './replica-state.js';

const STATES = [
  ...(['unloaded', 'starting', 'preloading', 'ready', 'unready', 'draining', 'backoff', 'failed', 'stopped'] as const),
];

/** Each state and all states that may follow; every other move is illegal. */
const LEGAL: Readonly<Record<ReplicaState, readonly ReplicaState[]>> = {
  unloaded: ['starting', 'stopped'],
  starting: ['unloaded', 'preloading', 'backoff', 'failed', 'stopped'],
  preloading: ['unloaded', 'ready', 'backoff', 'failed', 'stopped'],
  ready: ['unloaded', 'unready', 'draining', 'backoff', 'failed', 'stopped'],
  unready: ['unloaded', 'ready', 'draining', 'backoff', 'failed', 'stopped'],
  draining: ['unloaded', 'ready', 'backoff', 'failed', 'stopped'],
  backoff: ['unloaded', 'starting', 'stopped'],
  failed: ['unloaded', 'starting', 'stopped'],
  stopped: [],
};
const MOVES = STATES.flatMap((from) => STATES.map((to) => [from, to, LEGAL[from].includes(to)] as const));

describe('a replica', () => {
  it.each(MOVES.filter(([, , legal]) => legal))('may go from %s to %s (OC-POOL-3001, OC-POOL-3002)', (from, to) => {
    expect(canMove(from, to)).toBe(true);
  });

  it.each(MOVES.filter(([, , legal]) => !legal))('never goes from %s to %s (OC-POOL-3001)', (from, to) => {
    expect(canMove(from, to)).toBe(false);
  });

  it('becomes Ready first out of the self-tests, later out of a silence or a drain (OC-POOL-3001, ORCH-3049)', () => {
    expect(STATES.filter((from) => canMove(from, 'ready'))).toEqual(['preloading', 'unready', 'draining']);
  });

  it('holds tasks only while its engine runs (ORCH-4505)', () => {
    expect(STATES.filter(canHoldTasks)).toEqual(['ready', 'unready', 'draining']);
  });
});

describe('replicas', () => {
  it.each([
    [['ready', 'failed'], 'ready'],
    [['backoff', 'preloading'], 'preloading'],
    [['starting', 'failed'], 'provisioning'],
    [['unready'], 'backoff'],
    [['unready', 'ready'], 'ready'],
    [['unloaded', 'failed'], 'unloaded'],
    [['failed', 'backoff'], 'backoff'],
    [['failed', 'stopped'], 'failed'],
    [['stopped'], 'stopped'],
    [[], 'stopped'],
  ] as const)('of %j make the pool %s (OC-POOL-3003)', (states, pool) => {
    expect(poolStateOf(states)).toBe(pool);
  });
});
