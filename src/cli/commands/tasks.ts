import { Command, Option } from 'commander';
import { type ListTasksQuery, type Task } from '@llama-orch/client';
import { integer } from '../flags.js';
import { type ShellOf } from '../shell.js';
import { traceCommand } from './tasks-trace.js';
import { duration, facts, table } from '../text.js';

const STATES = [
  'queued',
  'dispatched',
  'streaming',
  'preempted',
  'completed',
  'cancelled',
  'expired',
  'evicted',
  'failed',
] as const satisfies Task['state'][];

interface ListFlags {
  readonly state?: Task['state'];
  readonly session?: string;
  readonly pool?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export function tasksCommand(shellOf: ShellOf): Command {
  return new Command('tasks')
    .description('look at tasks')
    .addCommand(listCommand(shellOf))
    .addCommand(show(shellOf))
    .addCommand(traceCommand(shellOf));
}

function listCommand(shellOf: ShellOf): Command {
  return new Command('ls')
    .description('list tasks, newest first')
    .addOption(new Option('--state <state>', 'only tasks in this state').choices(STATES))
    .option('--session <uuid>', 'only tasks of this session')
    .option('--pool <id>', 'only tasks of this pool')
    .option('--limit <count>', 'how many, 1 to 200', integer)
    .option('--cursor <text>', 'go on where the last list stopped')
    .action(async (flags: ListFlags, command: Command) => {
      const shell = shellOf(command);
      const page = await shell.client().tasks(queryOf(flags));
      const head = ['TASK', 'STATE', 'CLASS', 'POOL', 'MODEL', 'TOKENS', 'AGE'];
      shell.answer(page, table(head, page.items.map(rowOf)));
      if (page.next_cursor !== null) shell.say(`more with --cursor ${page.next_cursor}`);
    });
}

function show(shellOf: ShellOf): Command {
  return new Command('show')
    .description('show one task')
    .argument('<task>', 'id of the task')
    .action(async (taskId: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const task = await shell.client().task(taskId);
      shell.answer(task, facts(factsOf(task)));
    });
}

function queryOf({ state, session, pool, limit, cursor }: ListFlags): ListTasksQuery {
  return { state, session_id: session, pool_id: pool, limit, cursor };
}

function rowOf(task: Task): string[] {
  const age = duration(Math.max(0, Date.now() - task.created_ms));
  const tokens = String(task.tokens_out);
  return [task.task_id, task.state, task.priority, task.pool_id, task.model_ref, tokens, age];
}

function factsOf({ error, ...task }: Task): [string, unknown][] {
  const failure: [string, unknown][] = error === null ? [] : [['error', `${error.code}: ${error.message}`]];
  return [...Object.entries(task), ...failure];
}
