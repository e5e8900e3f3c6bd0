/**
 * Life of a replica. `unloaded`: nothing runs until somebody needs it; `starting`: engine and weights load;
 * `preloading`: loaded, the self-tests run; `unready`: its engine runs but gives no sign of life; `draining`: it ends
 * what it has and takes nothing new; `backoff`: the next start waits; `failed`: nothing but a long wait or a reload helps.
 */
export type ReplicaState =
  'unloaded' | 'starting' | 'preloading' | 'ready' | 'unready' | 'draining' | 'backoff' | 'failed' | 'stopped';

const NEXT: Readonly<Record<ReplicaState, readonly ReplicaState[]>> = {
  unloaded: ['starting', 'stopped'],
  starting: ['preloading', 'unloaded', 'backoff', 'failed', 'stopped'],
  preloading: ['ready', 'unloaded', 'backoff', 'failed', 'stopped'],
  ready: ['unready', 'draining', 'unloaded', 'backoff', 'failed', 'stopped'],
  unready: ['ready', 'draining', 'unloaded', 'backoff', 'failed', 'stopped'],
  draining: ['ready', 'unloaded', 'backoff', 'failed', 'stopped'],
  backoff: ['starting', 'unloaded', 'stopped'],
  failed: ['starting', 'unloaded', 'stopped'],
  stopped: [],
};

/** States in which tasks may run. */
const WITH_ENGINE: readonly ReplicaState[] = ['ready', 'unready', 'draining'];

export function canMove(from: ReplicaState, to: ReplicaState): boolean {
  return NEXT[from].includes(to);
}

export function canHoldTasks(state: ReplicaState): boolean {
  return WITH_ENGINE.includes(state);
}

export type PoolState =
  'unloaded' | 'provisioning' | 'preloading' | 'ready' | 'draining' | 'reloading' | 'backoff' | 'failed' | 'stopped';

/** The state of a pool is that of its best replica. One that gives no sign of life is waited for, as in a backoff. */
export function poolStateOf(replicas: readonly ReplicaState[]): PoolState {
  const best = BEST_FIRST.find(([state]) => replicas.includes(state));
  return best?.[1] ?? 'stopped';
}

const BEST_FIRST: readonly (readonly [ReplicaState, PoolState])[] = [
  ['ready', 'ready'],
  ['preloading', 'preloading'],
  ['starting', 'provisioning'],
  ['unloaded', 'unloaded'],
  ['draining', 'draining'],
  ['unready', 'backoff'],
  ['backoff', 'backoff'],
  ['failed', 'failed'],
];
