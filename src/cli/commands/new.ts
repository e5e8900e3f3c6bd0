import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { engineName } from '../scaffold/engine-name.js';
import { enginePackage } from '../scaffold/engine-package.js';
import { makePackage, quoted } from '../scaffold/package-from-template.js';
import { type ShellOf } from '../shell.js';
import { newPolicyCommand } from './policy/new-policy.js';

const TEST = 'node --test';

export function newCommand(shellOf: ShellOf): Command {
  return new Command('new')
    .description('begin a plugin or a policy of your own; needs no daemon')
    .addCommand(engineCommand(shellOf))
    .addCommand(newPolicyCommand('policy', shellOf));
}

function engineCommand(shellOf: ShellOf): Command {
  return new Command('engine')
    .description('make a package for an engine adapter, whose test says what to write first')
    .argument('<name>', 'id of the engine, as configs will name it')
    .option('--dir <folder>', 'where to make it (default: a folder by that name)')
    .action((given: string, { dir }: { dir?: string }, command: Command) => {
      const shell = shellOf(command);
      const id = engineName(given);
      const folder = resolve(shell.io.cwd, dir ?? id);
      const files = makePackage(enginePackage(id), folder);
      const next = [`cd ${quoted(relative(shell.io.cwd, folder) || '.')}`, TEST];
      shell.answer({ id, folder, files, next }, textOf(id, files, next));
    });
}

function textOf(id: string, files: readonly string[], next: readonly string[]): string {
  return [
    `the adapter ${id} begins with`,
    ...files.map((file) => `  ${file}`),
    'its test fails, and says what to write first:',
    ...next.map((line) => `  ${line}`),
    'README.md says how to go on\n',
  ].join('\n');
}
