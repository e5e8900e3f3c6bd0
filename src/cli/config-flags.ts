import { Option, type Command } from 'commander';
import { type ConfigFlags, type ConfigMode, type LoadRequest } from '../config/index.js';
import { type Shell } from './shell.js';

/** What the config is loaded from when a command asks for it. */
export function loadRequest(
  shell: Shell,
  { config, bind, model, log, configMode }: ConfigFlags & { readonly configMode: ConfigMode },
): LoadRequest {
  return { flags: { config, bind, model, log }, env: shell.io.env, cwd: shell.io.cwd, mode: configMode };
}

/** Flags of every command that reads the config. */
export function addConfigFlags(command: Command): Command {
  const mode = new Option('--config-mode <mode>', 'what to do with unknown keys: refuse them or pass them over');
  return command
    .option('--config <file>', 'config file (env LLORCH_CONFIG, default ./llama-orch.yaml)')
    .addOption(mode.choices(['strict', 'compat']).default('strict'));
}
