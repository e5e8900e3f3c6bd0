import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { type Egress } from '../../../egress/egress.js';
import { type Environment } from '../../../config/index.js';
import { type Command } from '../plan/step.js';
import { lastWords, plain } from '../run/last-words.js';
import { ProvisioningError } from './provisioning-error.js';

/** What tools may know: where programs and home are, and how to reach the network. Nothing that is the daemon's own. */
const PASSED_ON = [
  ...['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'XDG_RUNTIME_DIR', 'XDG_CACHE_HOME', 'DOCKER_HOST'],
  ...['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
];

/** How far back the reason of a failure is looked for. */
const TELLING_LINES = 12;

/** What a step works with. */
export interface Workshop {
  readonly env: Environment;
  /** The log of the pool's provisioning. */
  readonly logPath: string;
  /** Tells people what goes on. */
  readonly say: (line: string) => void;
}

/** One that can also fetch. */
export interface EquippedWorkshop extends Workshop {
  readonly egress: Egress;
}

/** Variables of a tool: those that are passed on, and those of the step. Git never asks. */
export function toolEnvironment(env: Environment, own: Readonly<Record<string, string>> = {}): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { ...(Object.fromEntries(passed) as Record<string, string>), GIT_TERMINAL_PROMPT: '0', ...own };
}

/** Runs a program to its end; what it writes goes to the log. @throws ProvisioningError that names program and log */
export async function runCommand(
  command: Command,
  shop: Workshop,
  own?: Readonly<Record<string, string>>,
): Promise<void> {
  const code = await tryCommand(command, shop, own);
  if (code === 0) return;
  const said = lastWords(readFileSync(shop.logPath, 'utf8').split('\n').slice(-TELLING_LINES, -2).join('\n'), plain);
  const words = said === undefined ? '' : ` (${said})`;
  throw new ProvisioningError(`${command[0]} ended with ${code}${words}; all that it wrote is in ${shop.logPath}`);
}

/** The same; answers how it ended: an exit code, a signal, or why it did not start. */
export function tryCommand(
  command: Command,
  { env, logPath, say }: Workshop,
  own: Readonly<Record<string, string>> = {},
): Promise<number | string> {
  const [program, ...args] = command;
  log(logPath, `$ ${command.map(quoted).join(' ')}`);
  say(`$ ${command.map(quoted).join(' ')}`);
  const fd = openSync(logPath, 'a', 0o600);
  return new Promise((resolve) => {
    const settle = (end: number | string) => {
      closeSync(fd);
      log(logPath, `= ${end}`);
      resolve(end);
    };
    const child = spawn(program!, args, { env: toolEnvironment(env, own), stdio: ['ignore', fd, fd] });
    child.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
    child.once('exit', (code, signal) => settle(code ?? signal ?? 'unknown'));
  });
}

/** Appends a line to the log of a provisioning. */
export function log(path: string, line: string): void {
  appendFileSync(path, `${line}\n`, { mode: 0o600 });
}

/** An argument as a shell would take it, for people who paste. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
