import { Command } from 'commander';
import { type PoolHealth } from '@llama-orch/client';
import { type ShellOf } from '../shell.js';
import { facts, table } from '../text.js';
import { allPools, POOL_COLUMNS, poolRow } from '../pool-list.js';

const REPLICA_COLUMNS = ['REPLICA', 'READY', 'DEVICES', 'SLOTS', 'LEASES', 'RESTARTS'];

export function poolsCommand(shellOf: ShellOf): Command {
  return new Command('pools')
    .description('look at pools')
    .addCommand(listCommand(shellOf))
    .addCommand(healthCommand(shellOf));
}

function listCommand(shellOf: ShellOf): Command {
  return new Command('ls').description('list pools').action(async (_flags: object, command: Command) => {
    const shell = shellOf(command);
    const items = await allPools(shell.client());
    shell.answer({ items }, table(POOL_COLUMNS, items.map(poolRow)));
  });
}

function healthCommand(shellOf: ShellOf): Command {
  return new Command('health')
    .description('show one pool and its replicas')
    .argument('<pool>', 'id of the pool')
    .action(async (poolId: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const pool = await shell.client().poolHealth(poolId);
      shell.answer(pool, `${facts(factsOf(pool))}\n${table(REPLICA_COLUMNS, pool.replicas.map(replicaRow))}`);
    });
}

function factsOf(pool: PoolHealth): [string, unknown][] {
  const { interactive, batch } = pool.metrics.queue_depth;
  return [
    ['pool', pool.pool_id],
    ['state', pool.state],
    ['live, ready, draining', [pool.live, pool.ready, pool.draining].map(yesNo).join(', ')],
    ['engine', [pool.engine, pool.engine_version].filter(Boolean).join(' ')],
    ['model', pool.model_id],
    ['digest', pool.model_digest],
    ['device', pool.cpu ? 'cpu' : 'gpu'],
    ['queue', `${interactive} interactive, ${batch} batch`],
    ['tokens/s', pool.metrics.tokens_per_s],
    ['first token ms', pool.metrics.first_token_ms],
    ['last error', pool.last_error === null ? undefined : `${pool.last_error.code}: ${pool.last_error.message}`],
  ];
}

function replicaRow(replica: PoolHealth['replicas'][number]): string[] {
  return [
    replica.replica_id,
    yesNo(replica.ready),
    replica.device_mask.length === 0 ? '-' : replica.device_mask.join(','),
    `${replica.slots_total - replica.slots_free}/${replica.slots_total}`,
    String(replica.active_leases),
    String(replica.restart_count),
  ];
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
