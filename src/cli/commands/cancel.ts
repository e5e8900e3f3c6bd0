import { Command } from 'commander';
import { type ShellOf } from '../shell.js';

export function cancelCommand(shellOf: ShellOf): Command {
  return new Command('cancel')
    .description('end a task; harmless when it has ended')
    .argument('<task>', 'id of the task')
    .action(async (taskId: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      await shell.client().cancel(taskId);
      shell.answer({ task_id: taskId, cancelled: true }, '');
      shell.say(`task ${taskId} has ended`);
    });
}
