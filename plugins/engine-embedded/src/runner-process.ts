import { type ChildProcess, fork } from 'node:child_process';

import { withoutPaths } from './paths.js';
import { type RunnerCommand, type RunnerFrame } from './protocol.js';

/** What the runner may know of the daemon's environment: where programs and libraries lie, and nothing secret. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  // Windows cannot start a process without these.
  'SystemRoot',
  'USERPROFILE',
  'TEMP',
];
const STDERR_KEPT = 2_048;
const SHUTDOWN_GRACE_MS = 2_000;
const TERM_GRACE_MS = 1_000;

export interface RunnerListener {
  onFrame(frame: RunnerFrame): void;
  /** Called once; nothing follows. `how` is a sentence part such as `signal SIGKILL`. */
  onExit(how: string): void;
}

/** The child process that holds one loaded model, in a process group of its own. */
export class RunnerProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private running = true;
  private stderr = '';
  private stopping: Promise<void> | undefined;

  constructor(script: string, listener: RunnerListener) {
    this.child = fork(script, [], {
      execArgv: [],
      env: scrubbedEnvironment(process.env),
      detached: true,
      // Measured: JSON carries small frames a third faster than the structured clone format.
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.on('message', (frames) => (frames as RunnerFrame[]).forEach((frame) => listener.onFrame(frame)));
    this.child.stderr?.on('data', (chunk: Buffer) => this.keepStderr(chunk));
    this.exited = new Promise((resolve) => {
      const once = (how: string) => {
        if (!this.running) return;
        this.running = false;
        this.signalGroup('SIGKILL');
        listener.onExit(how);
        resolve();
      };
      this.child.once('exit', (code, signal) => once(signal === null ? `exit code ${code}` : `signal ${signal}`));
      this.child.on('error', (error) => once(`start failure ${(error as NodeJS.ErrnoException).code ?? error.name}`));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The end of what the engine wrote to stderr, paths removed: for the log alone. */
  get lastWords(): string {
    return withoutPaths(this.stderr).trim();
  }

  send(command: RunnerCommand): void {
    // A runner that is going down reports its exit; a frame it cannot take any more needs no report of its own.
    if (this.running && this.child.connected) this.child.send(command, () => undefined);
  }

  /** Asks politely, then insists. Resolves when the process is gone; calling twice is harmless. */
  stop(): Promise<void> {
    this.send({ type: 'shutdown' });
    this.stopping ??= this.escalate(SHUTDOWN_GRACE_MS);
    return this.stopping;
  }

  /** Ends a runner that no longer answers: SIGTERM at once, SIGKILL if that does not help. */
  terminate(): Promise<void> {
    return this.escalate(0);
  }

  private async escalate(graceMs: number): Promise<void> {
    if (graceMs > 0 && (await this.goneWithin(graceMs))) return;
    this.signalGroup('SIGTERM');
    if (await this.goneWithin(TERM_GRACE_MS)) return;
    this.signalGroup('SIGKILL');
    await this.exited;
  }

  private async goneWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
    const gone = await Promise.race([this.exited.then(() => true), late]);
    clearTimeout(timer);
    return gone;
  }

  /** The engine may start helpers of its own, so signals go to the whole group. */
  private signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  private keepStderr(chunk: Buffer): void {
    this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
  }
}

export function scrubbedEnvironment(from: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = PASSED_ON.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]));
  return Object.fromEntries(kept) as NodeJS.ProcessEnv;
}
