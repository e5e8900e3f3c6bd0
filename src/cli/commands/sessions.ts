import { Command } from 'commander';
import { type Session } from '@llama-orch/client';
import { budgetFacts } from '../budgets.js';
import { integer } from '../flags.js';
import { type ShellOf } from '../shell.js';
import { duration, facts, table } from '../text.js';

interface ListFlags {
  readonly limit?: number;
  readonly cursor?: string;
}

export function sessionsCommand(shellOf: ShellOf): Command {
  return new Command('sessions')
    .description('look at sessions: budgets, time to live, warmth')
    .addCommand(listCommand(shellOf))
    .addCommand(showCommand(shellOf))
    .addCommand(removeCommand(shellOf));
}

function listCommand(shellOf: ShellOf): Command {
  return new Command('ls')
    .description('list sessions, newest first')
    .option('--limit <count>', 'how many, 1 to 200', integer)
    .option('--cursor <text>', 'go on where the last list stopped')
    .action(async ({ limit, cursor }: ListFlags, command: Command) => {
      const shell = shellOf(command);
      const page = await shell.client().sessions({ limit, cursor });
      shell.answer(page, table(['SESSION', 'TURNS', 'ENDS IN', 'CACHE', 'BUDGET LEFT'], page.items.map(rowOf)));
      if (page.next_cursor !== null) shell.say(`more with --cursor ${page.next_cursor}`);
    });
}

function showCommand(shellOf: ShellOf): Command {
  return new Command('show')
    .description('show one session')
    .argument('<session>', 'id of the session')
    .action(async (sessionId: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const session = await shell.client().session(sessionId);
      shell.answer(session, facts(Object.entries(session)));
    });
}

function removeCommand(shellOf: ShellOf): Command {
  return new Command('rm')
    .description('forget a session and cancel its running tasks')
    .argument('<session>', 'id of the session')
    .action(async (sessionId: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      await shell.client().deleteSession(sessionId);
      shell.answer({ session_id: sessionId, deleted: true }, '');
      shell.say('there is no such session any more');
    });
}

function rowOf(session: Session): string[] {
  return [
    session.session_id,
    String(session.turns),
    duration(session.ttl_ms_remaining),
    session.kv_warmth ? 'warm' : 'cold',
    budgetFacts(session) ?? '-',
  ];
}
