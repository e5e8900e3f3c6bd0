import { type Served } from '../pools/generation.js';
import { type Pool } from '../pools/pool.js';
import { fitsContext } from '../tasks/context-room.js';
import { type Task } from '../tasks/task.js';

const DIGEST = /^sha256:/;

/** True when a model can do what a waiting task asks for, and go on where it was cut off. */
export function canServe(task: Task, { modelNames, description }: Served): boolean {
  const { request, promptTokens } = task;
  if (!modelNames.includes(request.modelRef)) return false;
  if (description === undefined) return true;
  if (task.log.lastSeq > 0 && !isSameEngine(task, description)) return false;
  return (
    promptTokens + request.maxTokens <= description.contextTokens && description.workloads.includes(request.workload)
  );
}

/** A pool that answers alike takes a task if it has the labels and names that the task asks for. */
export function takes(pool: Pool, task: Task): boolean {
  return hasTerms(pool, task) && pool.modelNames.includes(task.request.modelRef);
}

/**
 * True when a pool is what a task of an earlier daemon was accepted for, as far as is known of it: before its engine has
 * answered nobody knows the digest of its model, nor what it offers.
 */
export function fits(pool: Pool, task: Task): boolean {
  const { request, promptSize } = task;
  const { description, config } = pool;
  if (pool.engine !== task.engine || config.sampler_profile_version !== request.samplerProfileVersion) return false;
  if (!hasTerms(pool, task) || !fitsContext(request, promptSize, pool.contextTokens)) return false;
  if (description === undefined) return pool.modelNames.includes(request.modelRef) || DIGEST.test(request.modelRef);
  return pool.modelNames.includes(request.modelRef) && description.workloads.includes(request.workload);
}

/** What its reader has came from this engine with these weights. */
function isSameEngine({ engineVersion, modelDigest }: Task, description: NonNullable<Served['description']>): boolean {
  return engineVersion === description.engineVersion && modelDigest === description.modelDigest;
}

function hasTerms(pool: Pool, { request }: Task): boolean {
  const hasLabels = Object.entries(request.poolLabels ?? {}).every(
    ([name, value]) => pool.config.labels[name] === value,
  );
  return hasLabels && (request.determinism !== 'strict' || pool.determinism === 'exact');
}
