import { ApiError, UnreachableError, type Client } from '@llama-orch/client';
import { allPools } from '../pool-list.js';
import { failed, ok, warning, type Finding } from './check.js';

/** Whether the daemon answers, and whether it can serve. */
export async function daemonFindings(client: Client, url: string): Promise<Finding[]> {
  try {
    const pools = await allPools(client);
    const unready = pools.filter((pool) => !pool.ready && pool.state !== 'unloaded');
    return [ok('daemon', `answers at ${url}`), ...unready.map(unreadyFinding)];
  } catch (error) {
    return [unansweredFinding(error, url)];
  }
}

function unreadyFinding(pool: Awaited<ReturnType<typeof allPools>>[number]): Finding {
  const reason = pool.last_error === null ? pool.state : `${pool.state}: ${pool.last_error.message}`;
  return warning(`pool ${pool.pool_id}`, reason, `See llama-orch pools health ${pool.pool_id}.`);
}

function unansweredFinding(error: unknown, url: string): Finding {
  if (error instanceof ApiError) {
    return failed('daemon', error.message, 'Give a key with the scope observe: --token or LLORCH_API_TOKEN.');
  }
  if (error instanceof UnreachableError) {
    return warning(
      'daemon',
      `no daemon answers at ${url}`,
      'Start it with: llama-orch serve, or name another with --url.',
    );
  }
  throw error;
}
