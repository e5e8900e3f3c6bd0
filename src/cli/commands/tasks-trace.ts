import { Command } from 'commander';
import { type Client, type Task } from '@llama-orch/client';
import { type ShellOf } from '../shell.js';
import { counted } from '../text.js';

const PAGE = 200;

interface Flags {
  readonly pool?: string;
}

/** The recorder of `simulate`: what the daemon remembers of ended tasks, one line each, first arrival first. */
export function traceCommand(shellOf: ShellOf): Command {
  return new Command('trace')
    .description('write ended tasks as a trace that simulate takes: JSON lines')
    .option('--pool <id>', 'only tasks of this pool')
    .action(async ({ pool }: Flags, command: Command) => {
      const shell = shellOf(command);
      const tasks = await endedTasks(shell.client(), pool);
      const recorded = tasks.filter(isRecordable).reverse();
      const begun = recorded[0]?.created_ms ?? 0;
      const lines = recorded.map((task) => lineOf(task, begun));
      shell.answer({ tasks: lines }, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      const leftOut = tasks.length - recorded.length;
      shell.say(`recorded ${counted(recorded.length, 'task')}`);
      if (leftOut > 0) shell.say(`left out ${counted(leftOut, 'task')} whose answer never came to its end`);
    });
}

/** Newest first, page by page. */
async function endedTasks(client: Client, pool_id: string | undefined): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.tasks({ pool_id, limit: PAGE, cursor });
    tasks.push(...page.items.filter(({ ended_ms }) => ended_ms !== null));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return tasks;
}

/** How long an answer would have become is known of those that came to their end, or were long enough for their caller. */
function isRecordable({ state, workload, tokens_out }: Task): boolean {
  return workload === 'completion' && tokens_out > 0 && (state === 'completed' || state === 'cancelled');
}

/** Member names are those of the trace format; times in ms. */
function lineOf(task: Task, begun: number): object {
  const { created_ms, prompt_tokens = 0, max_tokens, tokens_out, expected_tokens, deadline_at_ms } = task;
  const cancelled = task.state === 'cancelled';
  return {
    arrival_ms: created_ms - begun,
    prompt_tokens: Math.max(1, prompt_tokens),
    output_tokens: tokens_out,
    max_tokens: Math.max(tokens_out, max_tokens ?? tokens_out),
    ...(expected_tokens ? { expected_tokens } : {}),
    priority: task.priority,
    ...(task.session_id === null ? {} : { session: task.session_id }),
    ...(deadline_at_ms === null ? {} : { deadline_ms: deadline_at_ms - created_ms }),
    ...(cancelled ? { cancel_after_ms: task.ended_ms! - created_ms } : {}),
  };
}
