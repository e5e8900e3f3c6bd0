import { type Command } from 'commander';
import { EXIT } from '../../exit-codes.js';
import { type SetExitCode, type ShellOf } from '../../shell.js';
import { printable } from '../../text.js';
import { type PolicyJob, type PolicyWork } from './requests.js';

/** What every command of a policy needs. */
export interface PolicyContext {
  readonly shellOf: ShellOf;
  readonly work: PolicyWork;
  readonly setExitCode: SetExitCode;
}

const STAY_MS = 1_000;

/** An action that turns arguments and flags into a job, has it done, and prints the answer. */
export function run<Given extends readonly unknown[]>(
  { shellOf, work, setExitCode }: PolicyContext,
  jobOf: (...given: Given) => PolicyJob,
): (...given: [...Given, Command]) => Promise<void> {
  return async (...given) => {
    const shell = shellOf(given.at(-1) as Command);
    const { cwd, env } = shell.io;
    const stop = new AbortController();
    const deafen = shell.io.onInterrupt(() => stop.abort());
    // Timers of the daemon's clock hold no process.
    const alive = setInterval(() => {}, STAY_MS);
    try {
      const job = jobOf(...(given.slice(0, -1) as unknown as Given));
      const say = (line: string): void => shell.say(line);
      const answer = await work({ ...job, cwd, env, say, daemon: shell.daemon(), signal: stop.signal });
      shell.answer(answer.document, printable(answer.text));
      if (!answer.ok) setExitCode(EXIT.failure);
    } finally {
      clearInterval(alive);
      deafen();
    }
  };
}
