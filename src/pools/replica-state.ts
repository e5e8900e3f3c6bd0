/**
 * Life of a replica. `unloaded`: nothing runs until somebody needs it; `starting`: engine and weights load;
 * `preloading`: loaded, the first decode is awaited; `draining`: it ends what it has and takes nothing new.
 */
export type ReplicaState =
  'unloaded' | 'starting' | 'preloading' | 'ready' | 'draining' | 'backoff' | 'failed' | 'stopped';

const NEXT: Readonly<Record<ReplicaState, readonly ReplicaState[]>> = {
  unloaded: ['starting', 'stopped'],
  starting: ['preloading', 'unloaded', 'backoff', 'failed', 'stopped'],
  preloading: ['ready', 'unloaded', 'backoff', 'failed', 'stopped'],
  ready: ['draining', 'unloaded', 'backoff', 'failed', 'stopped'],
  draining: ['ready', 'unloaded', 'backoff', 'failed', 'stopped'],
  backoff: ['starting', 'unloaded', 'stopped'],
  failed: ['starting', 'unloaded', 'stopped'],
  stopped: [],
};

export function canMove(from: ReplicaState, to: ReplicaState): boolean {
  return NEXT[from].includes(to);
}

export type PoolState =
  'unloaded' | 'provisioning' | 'preloading' | 'ready' | 'draining' | 'reloading' | 'backoff' | 'failed' | 'stopped';

/** The state of a pool is that of its best replica. */
export function poolStateOf(replicas: readonly ReplicaState[]): PoolState {
  const best = BEST_FIRST.find((state) => replicas.includes(state)) ?? 'stopped';
  return best === 'starting' ? 'provisioning' : best;
}

const BEST_FIRST: readonly ReplicaState[] = [
  'ready',
  'preloading',
  'starting',
  'unloaded',
  'draining',
  'backoff',
  'failed',
  'stopped',
];
