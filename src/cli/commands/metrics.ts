import { Command } from 'commander';
import { type ShellOf } from '../shell.js';
import { printable } from '../text.js';

export function metricsCommand(shellOf: ShellOf): Command {
  return new Command('metrics')
    .description('print the metrics of the daemon')
    .option('--match <text>', 'only lines that hold this text')
    .action(async ({ match }: { readonly match?: string }, command: Command) => {
      const shell = shellOf(command);
      const lines = (await shell.client().metrics()).split('\n').filter((line) => line !== '');
      const wanted = match === undefined ? lines : lines.filter((line) => line.includes(match));
      shell.answer({ lines: wanted }, wanted.map((line) => `${printable(line)}\n`).join(''));
    });
}
