import { Command } from 'commander';
import { loadConfig, type ConfigFlags, type ConfigMode } from '../../config/index.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';
import { type SetExitCode, type ShellOf } from '../shell.js';

export interface ServeFlags extends ConfigFlags {
  readonly configMode: ConfigMode;
}

/** Runs the daemon until it is told to stop; answers its exit code. */
export type Serve = (flags: ServeFlags) => Promise<number>;

export function serveCommand(shellOf: ShellOf, serve: Serve, setExitCode: SetExitCode): Command {
  return addConfigFlags(new Command('serve'))
    .description('run the daemon')
    .option('--bind <host:port>', 'where to listen (env LLORCH_BIND, default 127.0.0.1:8080)')
    .option('--model <ref>', 'model of the pool that is there without a config (env LLORCH_MODEL)')
    .option('--log <level>', 'least level of log lines (env LLORCH_LOG)')
    .option('--check', 'check the config and stop')
    .action(async (flags: ServeFlags & { readonly check?: boolean }, command: Command) => {
      const { check, configMode, config, bind, model, log } = flags;
      if (!check) return setExitCode(await serve({ configMode, config, bind, model, log }));
      loadConfig(loadRequest(shellOf(command), flags));
      shellOf(command).say('the config is valid');
    });
}
