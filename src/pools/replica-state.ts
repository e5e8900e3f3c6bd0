/** Life of a replica. `starting`: engine and weights load; `preloading`: loaded, the first decode is awaited. */
export type ReplicaState = 'starting' | 'preloading' | 'ready' | 'backoff' | 'failed' | 'stopped';

const NEXT: Readonly<Record<ReplicaState, readonly ReplicaState[]>> = {
  starting: ['preloading', 'backoff', 'failed', 'stopped'],
  preloading: ['ready', 'backoff', 'failed', 'stopped'],
  ready: ['backoff', 'failed', 'stopped'],
  backoff: ['starting', 'stopped'],
  failed: ['starting', 'stopped'],
  stopped: [],
};

export function canMove(from: ReplicaState, to: ReplicaState): boolean {
  return NEXT[from].includes(to);
}

export type PoolState = 'provisioning' | 'preloading' | 'ready' | 'backoff' | 'failed' | 'stopped';

/** The state of a pool is that of its best replica. */
export function poolStateOf(replicas: readonly ReplicaState[]): PoolState {
  const best = BEST_FIRST.find((state) => replicas.includes(state)) ?? 'stopped';
  return best === 'starting' ? 'provisioning' : best;
}

const BEST_FIRST: readonly ReplicaState[] = ['ready', 'preloading', 'starting', 'backoff', 'failed', 'stopped'];
