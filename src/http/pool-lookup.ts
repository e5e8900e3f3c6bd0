import { AppError } from '../kernel/errors.js';
import { nearNames } from '../kernel/near-names.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';

/** The pool of a path. @throws AppError 404 with near names */
export function requirePool(pools: Pools, id: string): Pool {
  const pool = pools.get(id);
  if (pool !== undefined) return pool;
  const known = pools.all.map((one) => one.id);
  const near = nearNames(id.slice(0, 63), known);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `there are: ${known.join(', ')}`;
  throw new AppError('NOT_FOUND', `there is no such pool; ${hint}`);
}
