import { Command } from 'commander';
import { loadConfig, type ConfigFlags, type ConfigMode } from '../../config/index.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';
import { EXIT } from '../exit-codes.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { duration, table } from '../text.js';

export interface ServeFlags extends ConfigFlags {
  readonly configMode: ConfigMode;
}

/** Runs the daemon until it is told to stop; answers its exit code. */
export type Serve = (flags: ServeFlags) => Promise<number>;

/** Lines of the log are written only where `log` names their least level. */
export type SelfTestRequest = ServeFlags;

/** How the self-tests of every replica went. */
export interface SelfTestAnswer {
  readonly replicas: readonly {
    readonly pool_id: string;
    readonly replica_id: string;
    readonly ok: boolean;
    /** Those that ran; the first failure ends them. */
    readonly tests: readonly { readonly test: string; readonly result: 'ok' | 'failed'; readonly took_ms: number }[];
    /** Why it is not ready. */
    readonly error?: string;
  }[];
}

/** Starts every pool, tests it and ends it again. @throws ConfigError when the configuration is wrong */
export type SelfTest = (request: SelfTestRequest) => Promise<SelfTestAnswer>;

export interface ServeServices {
  readonly serve: Serve;
  readonly selfTest: SelfTest;
}

interface Modes {
  readonly check?: boolean;
  readonly selfTest?: boolean;
}

const HEAD = ['REPLICA', 'TEST', 'RESULT', 'TIME', 'REASON'];

export function serveCommand(shellOf: ShellOf, services: ServeServices, setExitCode: SetExitCode): Command {
  return addConfigFlags(new Command('serve'))
    .description('run the daemon')
    .option('--bind <host:port>', 'where to listen (env LLORCH_BIND, default 127.0.0.1:8080)')
    .option('--model <ref>', 'model of the pool that is there without a config (env LLORCH_MODEL)')
    .option('--log <level>', 'least level of log lines (env LLORCH_LOG)')
    .option('--check', 'check the config and stop')
    .option('--self-test', 'start every pool, test it and stop; exit code 1 when a test failed')
    .action(async (flags: ServeFlags & Modes, command: Command) => {
      const { check, configMode, config, bind, model, log } = flags;
      const shell = shellOf(command);
      if (check) {
        loadConfig(loadRequest(shell, flags));
        return shell.say('the config is valid');
      }
      const request = { configMode, config, bind, model, log };
      if (!flags.selfTest) return setExitCode(await services.serve(request));
      const answer = await services.selfTest(request);
      show(shell, answer);
      if (answer.replicas.some(({ ok }) => !ok)) setExitCode(EXIT.failure);
    });
}

function show(shell: Shell, answer: SelfTestAnswer): void {
  const rows = answer.replicas.flatMap(({ replica_id, ok, tests, error = '' }) => [
    ...tests.map(({ test, result, took_ms }) => [
      ...[replica_id, test, result, duration(took_ms), result === 'failed' ? error : ''],
    ]),
    // Something else than a test may keep a replica from being ready.
    ...(ok || tests.some(({ result }) => result === 'failed') ? [] : [[replica_id, '-', 'failed', '-', error]]),
  ]);
  shell.answer(answer, table(HEAD, rows));
}
