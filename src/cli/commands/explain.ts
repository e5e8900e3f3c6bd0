import { Command } from 'commander';
import { ApiError, type Client, type Task } from '@llama-orch/client';
import { explanationOf } from '../explanation.js';
import { type ShellOf } from '../shell.js';

interface ExplainFlags {
  readonly counterfactual?: string;
}

export function explainCommand(shellOf: ShellOf): Command {
  return new Command('explain')
    .description('tell why a task was admitted, when its turn came, and where it ran')
    .argument('<task>', 'id of the task')
    .option('--counterfactual <what>', 'what if: priority=interactive, deadline_ms=500, or both with a comma')
    .action(async (taskId: string, { counterfactual }: ExplainFlags, command: Command) => {
      const shell = shellOf(command);
      const client = shell.client();
      const decision = await client.decision(taskId, { counterfactual });
      shell.answer(decision, explanationOf(decision, await taskIfReadable(client, taskId)));
      if (counterfactual !== undefined && decision.counterfactual === null)
        shell.say('what would have happened cannot be told: the receipt of the admission is forgotten', 'yellow');
    });
}

/** A refused task is known by its receipts alone, and a key that may observe need not be one that may read tasks. */
async function taskIfReadable(client: Client, taskId: string): Promise<Task | undefined> {
  try {
    return await client.task(taskId);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return undefined;
    throw error;
  }
}
