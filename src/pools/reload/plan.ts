import { type PoolModel } from '../model-ref.js';
import { type Pool } from '../pool.js';
import { type PoolTraffic } from '../traffic.js';
import { namesOf } from '../generation.js';

/** What a reload would do, for people. Looking changes nothing. */
export interface ReloadPlan {
  readonly from: { readonly modelRef: string; readonly modelDigest: string | undefined };
  readonly to: { readonly modelRef: string; readonly modelDigest: string | undefined };
  /** Undefined where the weights are not a local file. */
  readonly weightsBytes: number | undefined;
  readonly waiting: number;
  readonly running: number;
  /** Of those that wait: tasks that ask for the old model by a name that the new one does not have. */
  readonly strangers: number;
  readonly steps: readonly string[];
}

export function planOf(
  pool: Pool,
  model: PoolModel,
  { weightsBytes, digest }: { readonly weightsBytes: number | undefined; readonly digest: string | undefined },
  traffic: PoolTraffic,
): ReloadPlan {
  const next = { modelNames: namesOf(model, digest), description: undefined };
  const isKept = model.ref === pool.model.ref;
  return {
    from: { modelRef: pool.model.ref, modelDigest: pool.description?.modelDigest },
    to: { modelRef: model.ref, modelDigest: digest },
    weightsBytes,
    waiting: traffic.waiting(pool),
    running: traffic.running(pool, pool.replicas),
    strangers: traffic.waiting(pool, next),
    steps: stepsOf(pool, isKept, digest !== undefined),
  };
}

function stepsOf(pool: Pool, isKept: boolean, hasDigest: boolean): string[] {
  const count = pool.replicas.length;
  const replicas = count === 1 ? '1 replica' : `${count} replicas`;
  return [
    `verify: ${hasDigest ? 'compare the digest of the weights' : 'look at the head of the weights; no digest was given to compare'}`,
    `start: load ${replicas} beside the old ${isKept ? 'ones' : 'model'}; where memory is short, drain and stop those first`,
    'probe: answer test prompts; the same model may not be much slower than it was',
    `shift: ${isKept ? 'waiting tasks go on waiting and get the new replicas' : 'tasks that ask for the old model by name run on it first, or end at the deadline'}`,
    'drain: running tasks end on the old replicas, which are stopped then',
  ];
}
