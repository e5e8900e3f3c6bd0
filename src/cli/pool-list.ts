import { type Client, type PoolHealth } from '@llama-orch/client';

/** All pools, page by page. */
export async function allPools(client: Client): Promise<PoolHealth[]> {
  const pools: PoolHealth[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.pools({ limit: 200, cursor });
    pools.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return pools;
}

export const POOL_COLUMNS = ['POOL', 'STATE', 'ENGINE', 'MODEL', 'DEVICE', 'SLOTS', 'QUEUE', 'TOKENS/S'];

/** One line of a table of pools; slots are busy/total, the queue is interactive+batch. */
export function poolRow(pool: PoolHealth): string[] {
  const total = sum(pool, 'slots_total');
  const { queue_depth: depth, tokens_per_s: rate } = pool.metrics;
  return [
    pool.pool_id,
    pool.state,
    [pool.engine, pool.engine_version].filter(Boolean).join(' '),
    pool.model_id,
    pool.cpu ? 'cpu' : 'gpu',
    `${total - sum(pool, 'slots_free')}/${total}`,
    `${depth.interactive}+${depth.batch}`,
    rate === null ? '-' : rate.toFixed(1),
  ];
}

function sum(pool: PoolHealth, member: 'slots_total' | 'slots_free'): number {
  return pool.replicas.reduce((total, replica) => total + replica[member], 0);
}
