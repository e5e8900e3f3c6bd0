import { Command } from 'commander';
import { type PoolHealth } from '@llama-orch/client';
import { type ShellOf } from '../shell.js';
import { counted, table } from '../text.js';
import { allPools, POOL_COLUMNS, poolRow } from '../pool-list.js';

export function statusCommand(shellOf: ShellOf): Command {
  return new Command('status')
    .description('show pools and queues; exit code 69 when the daemon cannot be reached')
    .action(async (_flags: object, command: Command) => {
      const shell = shellOf(command);
      const pools = await allPools(shell.client());
      shell.answer({ url: shell.url, pools }, table(POOL_COLUMNS, pools.map(poolRow)));
      shell.say(summary(shell.url, pools));
      for (const line of troubles(pools)) shell.say(line, 'yellow');
    });
}

function summary(url: string, pools: readonly PoolHealth[]): string {
  const ready = pools.filter((pool) => pool.ready).length;
  const unloaded = pools.filter((pool) => pool.state === 'unloaded').length;
  const onDemand = unloaded === 0 ? '' : `, ${unloaded} more on demand`;
  return `${url}: ${ready} of ${counted(pools.length, 'pool')} ready${onDemand}`;
}

function troubles(pools: readonly PoolHealth[]): string[] {
  return pools
    .filter((pool) => !pool.ready && pool.last_error !== null)
    .map((pool) => `pool ${pool.pool_id}: ${pool.last_error?.message ?? ''}`);
}
