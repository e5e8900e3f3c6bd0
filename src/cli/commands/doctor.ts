import { Command } from 'commander';
import {
  ConfigError,
  loadConfig,
  parseBind,
  problemText,
  type Config,
  type ConfigFlags,
  type ConfigMode,
} from '../../config/index.js';
import { failed, ok, type Finding } from '../doctor/check.js';
import { daemonFindings } from '../doctor/daemon.js';
import { engineFindings } from '../doctor/engines.js';
import { embeddedEngineFinding, fileLimitFinding, nodeFinding, portFinding } from '../doctor/machine.js';
import { EXIT } from '../exit-codes.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';

type Flags = ConfigFlags & { readonly configMode: ConfigMode };

const MARKS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' } as const;
const STYLES = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

export function doctorCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return addConfigFlags(new Command('doctor'))
    .description('check this machine, the config and the daemon; each trouble comes with its cure')
    .action(async (flags: Flags, command: Command) => {
      const shell = shellOf(command);
      const findings = await examine(shell, flags);
      shell.answer({ findings }, findings.map((finding) => lineOf(shell, finding)).join(''));
      if (findings.some(({ state }) => state === 'failed')) setExitCode(EXIT.failure);
    });
}

async function examine(shell: Shell, flags: Flags): Promise<Finding[]> {
  const daemon = await daemonFindings(shell.client(), shell.url);
  const isRunning = daemon[0]?.state === 'ok';
  return [
    nodeFinding(process.versions.node),
    await fileLimitFinding(),
    embeddedEngineFinding(),
    ...(await configFindings(shell, flags, isRunning)),
    ...daemon,
  ];
}

/** The config, and its port unless the daemon that answers already holds it. */
async function configFindings(shell: Shell, flags: Flags, isRunning: boolean): Promise<Finding[]> {
  try {
    const { config, source } = loadConfig(loadRequest(shell, flags));
    const valid = ok('config', source.type === 'file' ? source.path : 'defaults, no file');
    const found = [valid, ...mockFindings(config), ...engineFindings(config)];
    const bind = parseBind(config.server.bind);
    return bind === undefined || isRunning ? found : [...found, await portFinding(bind)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => failed('config', problemText(problem), 'Correct it and run doctor again.'));
  }
}

/** Answers that nobody computed do not belong into service. */
function mockFindings({ pools }: Config): Finding[] {
  return pools
    .filter(({ engine }) => engine === 'mock')
    .map(({ id }) => failed('engines', `pool ${id} makes up its tokens`, 'Give it a real engine, or remove the pool.'));
}

function lineOf(shell: Shell, { check, state, detail, fix }: Finding): string {
  const line = `${shell.styled(MARKS[state], STYLES[state], shell.io.stdout)}  ${check}: ${detail}\n`;
  return fix === undefined ? line : `${line}         ${fix}\n`;
}
