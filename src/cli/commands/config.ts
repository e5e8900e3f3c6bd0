import { Command } from 'commander';
import { stringify } from 'yaml';
import {
  configJsonSchemaText,
  loadConfig,
  problemText,
  redacted,
  type ConfigFlags,
  type ConfigMode,
  type LoadedConfig,
  type Origin,
} from '../../config/index.js';
import { type Shell, type ShellOf } from '../shell.js';
import { table } from '../text.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';

type Flags = ConfigFlags & { readonly configMode: ConfigMode; readonly origin?: boolean };

export function configCommand(shellOf: ShellOf): Command {
  return new Command('config')
    .description('check and show the config; needs no daemon')
    .addCommand(validateCommand(shellOf))
    .addCommand(showCommand(shellOf))
    .addCommand(schemaCommand(shellOf));
}

function validateCommand(shellOf: ShellOf): Command {
  return addConfigFlags(new Command('validate'))
    .description('check the config; exit code 78 when something is wrong')
    .argument('[file]', 'config file')
    .action((file: string | undefined, flags: Flags, command: Command) => {
      const shell = shellOf(command);
      const loaded = load(shell, { ...flags, config: file ?? flags.config });
      shell.answer({ valid: true, source: loaded.source, warnings: loaded.warnings }, '');
      shell.say(`${sourceText(loaded)} is valid`);
    });
}

function showCommand(shellOf: ShellOf): Command {
  return addConfigFlags(new Command('show'))
    .description('show the whole config with its defaults; secrets are masked')
    .option('--origin', 'show where each value comes from')
    .action((flags: Flags, command: Command) => {
      const shell = shellOf(command);
      const loaded = load(shell, flags);
      const config = redacted(loaded.config, loaded.origins);
      const { source, origins } = loaded;
      shell.answer({ source, config, origins }, flags.origin ? originTable(config, loaded) : stringify(config));
    });
}

function schemaCommand(shellOf: ShellOf): Command {
  return new Command('schema')
    .description('print the JSON Schema of the config file')
    .action((_flags: object, command: Command) => shellOf(command).io.stdout.write(configJsonSchemaText()));
}

function load(shell: Shell, flags: Flags): LoadedConfig {
  const loaded = loadConfig(loadRequest(shell, flags));
  for (const warning of loaded.warnings) shell.say(`warning: ${problemText(warning)}`, 'yellow');
  return loaded;
}

function sourceText({ source }: LoadedConfig): string {
  return source.type === 'file' ? source.path : 'the default config';
}

function originTable(config: unknown, { origins }: LoadedConfig): string {
  const rows = Object.entries(origins).map(([path, origin]) => [
    path,
    JSON.stringify(valueAt(config, path) ?? null),
    originText(origin),
  ]);
  return table(['KEY', 'VALUE', 'FROM'], rows);
}

function originText(origin: Origin): string {
  if (origin.type === 'file') return `${origin.file}:${origin.line}`;
  return origin.type === 'default' ? 'default' : origin.name;
}

/** The value at a path such as `pools[0].queue.capacity`. */
function valueAt(config: unknown, path: string): unknown {
  const steps = path.match(/[^.[\]]+/g) ?? [];
  return steps.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], config);
}
