import { Command } from 'commander';
import { interruptible } from '../interrupts.js';
import { type ShellOf } from '../shell.js';
import { submitTask, type SubmitFlags } from '../submit-task.js';
import { addTaskFlags } from '../task-flags.js';

export function submitCommand(shellOf: ShellOf): Command {
  return addTaskFlags(new Command('submit'))
    .description('submit a task and print its id; follow it later with stream')
    .argument('[prompt]', 'text to complete, or the query to rank against; from stdin when left out or -')
    .option('--wait', 'while the daemon is full or loading, wait as told and try again')
    .action(async (prompt: string | undefined, flags: SubmitFlags, command: Command) => {
      const shell = shellOf(command);
      await interruptible(
        shell.io,
        () => false,
        async (signal) => {
          const accepted = await submitTask(shell, shell.client(), prompt, flags, signal);
          shell.answer(accepted, `${accepted.task_id}\n`);
        },
      );
    });
}
