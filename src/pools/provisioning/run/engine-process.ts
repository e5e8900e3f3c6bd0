import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { type EngineError } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../../kernel/clock.js';
import { withDescriptors } from './descriptors.js';
import { endProcesses, send } from './end-processes.js';
import { EngineLog, type LogLimits } from './engine-log.js';
import { type Exit, exitError } from './exit-cause.js';
import { lastWords } from './last-words.js';
import { oomKills } from './oom-kills.js';
import { type StartCommand } from './start-command.js';

export interface ProcessOptions {
  readonly command: StartCommand;
  readonly mark: string;
  readonly cwd: string;
  readonly logPath: string;
  readonly logLimits?: LogLimits;
  /** Whom it runs as; absent: whoever runs the daemon. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A program such as setpriv with its arguments, which becomes the engine. */
  readonly wrapper?: readonly string[];
}

const GRACE_MS = 10_000;
const LOOK_EVERY_MS = 5_000;
/** Broken connections tell a run more than the end of the process, and are heard first. */
const LOST_AFTER_MS = 50;
const REMOVE_CONTAINER_MS = 3_000;
const running = new Set<number>();

/** Ends every engine of this process at once: for a daemon that cannot wait. */
export function killEngines(): void {
  for (const pid of running) send(-pid, 'SIGKILL');
}

process.on('exit', killEngines);

/** An engine as a child process in a group of its own. It shares no descriptor with the daemon but its log. */
export class EngineProcess {
  /** Settles when the process has ended, whoever wanted that. */
  readonly lost: Promise<EngineError>;
  private readonly child: ChildProcess;
  private readonly log: EngineLog;
  private readonly gone: Promise<void>;
  private isRunning = true;
  private hasLoaded = false;
  private ending: Promise<void> | undefined;
  private oomKillsBefore = oomKills();
  private cancelLook = () => {};

  constructor(
    private readonly options: ProcessOptions,
    private readonly clock: Clock,
  ) {
    this.log = new EngineLog(options.logPath, options.logLimits);
    this.child = this.spawn();
    const { pid } = this.child;
    if (pid !== undefined) running.add(pid);
    this.lost = new Promise((resolve) => {
      const over = (exit: Exit) => {
        const error = this.over(exit);
        clock.schedule(LOST_AFTER_MS, () => resolve(error));
      };
      this.child.once('error', (error) => over(notStarted(error)));
      this.child.once('exit', (code, signal) => over({ code, signal, ...this.circumstances() }));
    });
    this.gone = this.lost.then(() => this.cleanUp());
    this.look();
  }

  /** Undefined when it could not be started; `lost` then says why. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** It has served: from now on its output may hold words of callers, which are not shown to others. */
  loaded(): void {
    this.hasLoaded = true;
  }

  /** SIGTERM, ten seconds, SIGKILL; resolves when nothing of it is left. Calling twice is harmless. */
  end(): Promise<void> {
    this.ending ??= this.escalate();
    return this.ending;
  }

  private spawn(): ChildProcess {
    const { command, cwd, user, wrapper = [] } = this.options;
    const [program, ...args] = [...wrapper, command.program, ...command.args];
    const options = { cwd, env: command.env, detached: true, ...(user === undefined ? {} : user) };
    try {
      return withDescriptors(this.log.fd, (stdio) => spawn(program!, args, { ...options, stdio }));
    } catch (error) {
      void this.log.close();
      throw error;
    }
  }

  private async escalate(): Promise<void> {
    if (this.isRunning) this.signalGroup('SIGTERM');
    const cancelKill = this.clock.schedule(GRACE_MS, () => this.isRunning && this.signalGroup('SIGKILL'));
    await this.gone;
    cancelKill();
  }

  private over(exit: Exit): EngineError {
    this.cancelLook();
    this.isRunning = false;
    const { pid } = this.child;
    // While members of the group live, its number belongs to nobody else.
    if (pid !== undefined) this.signalGroup('SIGKILL');
    if (pid !== undefined) running.delete(pid);
    return exitError(exit, this.hasLoaded ? undefined : lastWords(exit.output));
  }

  private circumstances(): Pick<Exit, 'output' | 'outOfHostMemory'> {
    const now = oomKills();
    const before = this.oomKillsBefore;
    return { output: this.log.tail, outOfHostMemory: now !== undefined && before !== undefined && now > before };
  }

  private async cleanUp(): Promise<void> {
    await endProcesses({ group: undefined, mark: this.options.mark }, 0, this.clock);
    const { container } = this.options.command;
    if (container !== undefined) await removeContainer(container);
    await this.log.close();
  }

  /** From time to time: the size of the log, and the kernel's count of kills so far. */
  private look(): void {
    this.cancelLook = this.clock.schedule(LOOK_EVERY_MS, () => {
      if (!this.isRunning) return;
      this.oomKillsBefore = oomKills();
      void this.log.rotateIfGrown().catch(() => {});
      this.look();
    });
  }

  private signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid !== undefined) send(-pid, signal);
  }
}

/** A killed client leaves its container behind. */
export function removeContainer({ runtime, name }: NonNullable<StartCommand['container']>): Promise<void> {
  return new Promise((resolve) => {
    execFile(runtime, ['rm', '--force', name], { timeout: REMOVE_CONTAINER_MS }, () => resolve());
  });
}

function notStarted(error: Error): Exit {
  const { code = error.name } = error as NodeJS.ErrnoException;
  return { code: null, signal: null, output: `the program cannot be started: ${code}`, outOfHostMemory: false };
}
