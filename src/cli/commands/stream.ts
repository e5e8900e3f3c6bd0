import { Command } from 'commander';
import { EXIT } from '../exit-codes.js';
import { integer } from '../flags.js';
import { followTask } from '../follow-task.js';
import { interruptible } from '../interrupts.js';
import { type SetExitCode, type ShellOf } from '../shell.js';

export function streamCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('stream')
    .description('follow a task; Ctrl-C leaves it running')
    .argument('<task>', 'id of the task')
    .option('--after <id>', 'start behind this frame', integer, 0)
    .action(async (taskId: string, { after }: { readonly after: number }, command: Command) => {
      const shell = shellOf(command);
      const letRun = (): boolean => {
        shell.say(`the task runs on; end it with: llama-orch cancel ${taskId}`);
        return false;
      };
      const followed = await interruptible(shell.io, letRun, (signal) =>
        followTask(shell, shell.client(), taskId, { after, signal }),
      );
      if (shell.flags.json) shell.answer({ task_id: taskId, ...followed }, '');
      setExitCode(followed.end.finish_reason === 'cancelled' ? EXIT.failure : EXIT.ok);
    });
}
