import { Command } from 'commander';
import { type PoolHealth, type ReloadPlan } from '@llama-orch/client';
import { integer } from '../flags.js';
import { type ShellOf } from '../shell.js';
import { duration, facts, printable, table } from '../text.js';
import { allPools, POOL_COLUMNS, poolRow } from '../pool-list.js';

const USUAL_DEADLINE_MS = 30_000;
const MEBIBYTE = 1024 * 1024;
const REPLICA_COLUMNS = ['REPLICA', 'READY', 'DEVICES', 'SLOTS', 'LEASES', 'RESTARTS'];

export function poolsCommand(shellOf: ShellOf): Command {
  return new Command('pools')
    .description('look at pools, take them out of service, give them other models')
    .addCommand(listCommand(shellOf))
    .addCommand(healthCommand(shellOf))
    .addCommand(drainCommand(shellOf))
    .addCommand(reloadCommand(shellOf));
}

function listCommand(shellOf: ShellOf): Command {
  return new Command('list')
    .alias('ls')
    .description('list pools')
    .action(async (_flags: object, command: Command) => {
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

function drainCommand(shellOf: ShellOf): Command {
  return new Command('drain')
    .description('take a pool out of service; a reload brings it back')
    .argument('<pool>', 'id of the pool')
    .option('--deadline <ms>', 'end tasks that still run after this time; 0 = at once', integer, USUAL_DEADLINE_MS)
    .action(async (poolId: string, { deadline }: { readonly deadline: number }, command: Command) => {
      const shell = shellOf(command);
      const answer = await shell.client().drainPool(poolId, deadline);
      shell.answer(answer, `pool ${answer.pool_id} drains; what still runs after ${duration(deadline)} is ended\n`);
    });
}

interface ReloadFlags {
  readonly model?: string;
  readonly deadline: number;
  readonly digest?: string;
  readonly plan?: true;
}

function reloadCommand(shellOf: ShellOf): Command {
  return new Command('reload')
    .description('give a pool another model, or the same one anew; all of it or nothing')
    .argument('<pool>', 'id of the pool')
    .option('--model <ref>', 'model ref, such as haiku-nano or file:/models/name.gguf (default: the current one)')
    .option('--digest <sha256>', 'sha256:<hex> that the weights must have')
    .option('--deadline <ms>', 'end tasks that hold it up after this time', integer, USUAL_DEADLINE_MS)
    .option('--plan', 'tell what would be done, and change nothing')
    .action(async (poolId: string, flags: ReloadFlags, command: Command) => {
      const shell = shellOf(command);
      const { digest, deadline } = flags;
      const model = flags.model ?? (await shell.client().poolHealth(poolId)).model_id;
      const body = { new_model_ref: model, deadline_ms: deadline, ...(digest === undefined ? {} : { digest }) };
      if (flags.plan) {
        const plan = await shell.client().planReload(poolId, body);
        return shell.answer(plan, planText(plan));
      }
      const done = await shell.client().reloadPool(poolId, body);
      shell.answer(done, `pool ${done.pool_id} serves ${done.model_ref} after ${duration(done.took_ms)}\n`);
    });
}

/** A diff: what is there now, what would be, and the way there. */
function planText({ pool_id, from, to, weights_bytes, tasks, steps }: ReloadPlan): string {
  const mebibytes = weights_bytes === null ? 'unknown' : `${(weights_bytes / MEBIBYTE).toFixed(1)} MiB`;
  const lines = [
    `pool ${pool_id}`,
    `- model   ${from.model_ref}`,
    `+ model   ${to.model_ref}`,
    `- digest  ${from.model_digest ?? 'unknown'}`,
    `+ digest  ${to.model_digest ?? 'unknown until it is loaded'}`,
    `  weights ${mebibytes}`,
    `  tasks   ${tasks.running} running, ${tasks.waiting} waiting, ${tasks.waiting_for_old_model} of them for the old model`,
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function factsOf(pool: PoolHealth): [string, unknown][] {
  const { interactive, batch } = pool.metrics.queue_depth;
  return [
    ['pool', pool.pool_id],
    ['state', pool.state],
    ['live, ready, draining', [pool.live, pool.ready, pool.draining].map(yesNo).join(', ')],
    ['loads', pool.on_demand ? 'on demand' : 'at the start'],
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
