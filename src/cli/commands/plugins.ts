import { Command } from 'commander';
import { type PluginStatus } from '@llama-orch/client';
import { type ShellOf } from '../shell.js';
import { table } from '../text.js';

export function pluginsCommand(shellOf: ShellOf): Command {
  return new Command('plugins')
    .description('show the plugins and policies of the daemon and how they loaded')
    .action(async (_flags: object, command: Command) => {
      const shell = shellOf(command);
      const report = await shell.client().plugins();
      shell.answer(report, table(['KIND', 'ID', 'VERSION', 'PACKAGE', 'STATE', 'MS'], report.items.map(rowOf)));
      for (const { id, error } of report.items) if (error !== undefined) shell.say(`${id}: ${error}`, 'yellow');
    });
}

function rowOf({ kind, id, version, package: name, state, took_ms, mode }: PluginStatus): string[] {
  const shown = mode === 'monitor' ? `${state}, monitors` : state;
  return [kind, id, version, name, shown, took_ms.toFixed(0)];
}
