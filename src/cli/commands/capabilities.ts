import { Command } from 'commander';
import { type Capabilities } from '@llama-orch/client';
import { type ShellOf } from '../shell.js';
import { table } from '../text.js';

const KNOWN_MAJOR = '1';
const COLUMNS = ['ENGINE', 'VERSION', 'POOL', 'MODEL', 'CONTEXT', 'SLOTS', 'READY', 'WORKLOADS', 'DETERMINISM'];

export function capabilitiesCommand(shellOf: ShellOf): Command {
  return new Command('capabilities')
    .description('show what the daemon can run right now')
    .action(async (_flags: object, command: Command) => {
      const shell = shellOf(command);
      const capabilities = await shell.client().capabilities();
      shell.answer(capabilities, table(COLUMNS, capabilities.engines.flatMap(rowsOf)));
      const concurrency = capabilities.engines.reduce((total, engine) => total + engine.concurrency, 0);
      shell.say(`API ${capabilities.api_version}, ${concurrency} at once`);
      for (const { model_id, pool_id } of capabilities.on_demand ?? [])
        shell.say(`${model_id} in pool ${pool_id} loads when a task asks for it`);
      if (capabilities.api_version.split('.')[0] !== KNOWN_MAJOR) {
        shell.say(`this command knows API ${KNOWN_MAJOR}.x; use one that came with the daemon`, 'yellow');
      }
    });
}

function rowsOf(engine: Capabilities['engines'][number]): string[][] {
  return engine.pools.map((pool) => [
    engine.engine,
    engine.engine_version,
    pool.pool_id,
    pool.model_id,
    String(pool.ctx_max),
    String(pool.slots_total),
    pool.ready ? 'yes' : 'no',
    engine.supported_workloads.join(','),
    engine.features.determinism,
  ]);
}
