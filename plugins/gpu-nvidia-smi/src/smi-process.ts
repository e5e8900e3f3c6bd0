import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { type Readable } from 'node:stream';

export interface SmiListener {
  onOutput(text: string): void;
  /** Messages; they are no readings. */
  onNoise(text: string): void;
  /** Called once, nothing follows. `how` is a sentence part such as `exit code 9`. */
  onExit(how: string): void;
}

/** A process that prints readings. */
export interface Printing {
  /** Ends the process and its children, without asking. */
  kill(): void;
}

export type StartPrinting = (argv: readonly string[], listener: SmiListener) => Printing;

/** Starts it in a process group of its own, with nothing of the daemon's environment but where programs lie. */
export const startSmi: StartPrinting = (argv, listener) => {
  const [program = '', ...args] = argv;
  const { PATH, LANG } = process.env;
  const env = { ...(PATH !== undefined && { PATH }), ...(LANG !== undefined && { LANG }) };
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.setEncoding('utf8').on('data', (text: string) => listener.onOutput(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => listener.onNoise(text));
  reportExit(child, listener);
  return { kill: () => killGroup(child) };
};

type SmiChild = ChildProcessByStdio<null, Readable, Readable>;

function reportExit(child: SmiChild, listener: SmiListener): void {
  let isOver = false;
  const once = (how: string) => {
    if (isOver) return;
    isOver = true;
    listener.onExit(how);
  };
  // What it started must not go on printing, and would keep the pipes open.
  child.once('exit', () => killGroup(child));
  child.once('close', (code, signal) => once(signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.on('error', (error) => once(`start failure ${(error as NodeJS.ErrnoException).code ?? error.name}`));
}

/** SIGKILL at once: it holds nothing that could be lost. */
function killGroup(child: SmiChild): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}
