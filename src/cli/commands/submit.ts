import { Command } from 'commander';
import { EXIT } from '../exit-codes.js';
import { followTask } from '../follow-task.js';
import { interruptible } from '../interrupts.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { submitTask, type SubmitFlags } from '../submit-task.js';
import { addTaskFlags } from '../task-flags.js';

export function submitCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return addTaskFlags(new Command('submit'))
    .alias('run')
    .description('submit a task and follow it; Ctrl-C cancels it, twice quits')
    .argument('[prompt]', 'text to complete, or the query to rank against; from stdin when left out or -')
    .option('--wait', 'while the daemon is full or loading, wait as told and try again')
    .option('--detach', 'print the id of the task and leave; follow it later with stream')
    .action(
      async (prompt: string | undefined, flags: SubmitFlags & { readonly detach?: boolean }, command: Command) => {
        const submit = flags.detach === true ? detached : followed;
        setExitCode(await submit(shellOf(command), prompt, flags));
      },
    );
}

function detached(shell: Shell, prompt: string | undefined, flags: SubmitFlags): Promise<number> {
  const never = () => false;
  return interruptible(shell.io, never, async (signal) => {
    const accepted = await submitTask(shell, shell.client(), prompt, flags, signal);
    shell.answer(accepted, `${accepted.task_id}\n`);
    return EXIT.ok;
  });
}

async function followed(shell: Shell, prompt: string | undefined, flags: SubmitFlags): Promise<number> {
  const client = shell.client();
  let taskId: string | undefined;
  let cancelling: Promise<void> | undefined;
  const cancelOnce = (signal: AbortSignal): boolean => {
    if (taskId === undefined) return false;
    shell.say('cancelling the task; press Ctrl-C again to quit');
    cancelling = client.cancel(taskId, { signal });
    cancelling.catch((error: Error) => {
      if (!signal.aborted) shell.say(`the cancel failed: ${error.message}`);
    });
    return true;
  };
  return interruptible(shell.io, cancelOnce, async (signal) => {
    const accepted = await submitTask(shell, client, prompt, flags, signal);
    taskId = accepted.task_id;
    const stream = await followTask(shell, client, taskId, { signal });
    if (shell.flags.json) shell.answer({ accepted, ...stream }, '');
    if (stream.end.finish_reason !== 'cancelled') return EXIT.ok;
    return cancelling === undefined ? EXIT.failure : EXIT.interrupted;
  });
}
