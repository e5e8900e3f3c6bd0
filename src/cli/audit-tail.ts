import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { type AuditRow, type Client, type ListAuditQuery } from '@llama-orch/client';
import { UsageError } from './cli-errors.js';
import { integer } from './flags.js';
import { interruptible } from './interrupts.js';
import { type Shell, type ShellOf } from './shell.js';
import { sinceMs } from './since.js';
import { printable, table } from './text.js';

interface TailFlags {
  readonly follow?: true;
  readonly action?: string;
  readonly since?: string;
  readonly tenant?: string;
  readonly lines: number;
}

const COLUMNS = ['SEQ', 'TIME', 'ACTOR', 'ACTION', 'TARGET', 'DECISION', 'BY', 'REASON'];
const MOST = 200;
const LOOK_MS = 1_000;

export function tailCommand(shellOf: ShellOf): Command {
  return new Command('tail')
    .description('show the last rows of the audit')
    .option('--follow', 'go on with the rows that come; with --json one document a line')
    .option('--action <name>', 'only rows of this action, such as tool.request')
    .option('--since <time>', 'only rows since then: 90m, 24h, 30d, or a date')
    .option('--tenant <name>', 'only rows of this tenant')
    .option('--lines <count>', 'how many at most, 1 to 200', integer, 20)
    .action(async (flags: TailFlags, command: Command) => {
      const shell = shellOf(command);
      if (flags.lines < 1 || flags.lines > MOST) throw new UsageError(`--lines must be 1 to ${MOST}`);
      await interruptible(
        shell.io,
        () => false,
        (signal) => tail(shell, flags, signal),
      );
    });
}

async function tail(shell: Shell, flags: TailFlags, signal: AbortSignal): Promise<void> {
  const client = shell.client();
  const query = queryOf(flags);
  // Before the rows are read: what is written meanwhile comes again behind them, once.
  const { head } = await client.auditKey({ signal });
  const { items } = await client.audit({ ...query, limit: flags.lines }, { signal });
  const rows = items.toReversed();
  if (!flags.follow) return shell.answer({ items: rows }, table(COLUMNS, rows.map(cellsOf)));
  show(shell, rows);
  await follow(shell, client, query, Math.max(head.seq, rows.at(-1)?.seq ?? 0), signal);
}

async function follow(
  shell: Shell,
  client: Client,
  query: ListAuditQuery,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  for (let after = from; ;) {
    const { items } = await client.audit({ ...query, after, limit: MOST }, { signal });
    show(shell, items);
    after = items.at(-1)?.seq ?? after;
    if (items.length < MOST) await pause(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function queryOf({ action, since, tenant }: TailFlags): ListAuditQuery {
  const since_ms = since === undefined ? undefined : sinceMs(since, Date.now());
  return { action: action as ListAuditQuery['action'], since_ms, tenant };
}

function show(shell: Shell, rows: readonly AuditRow[]): void {
  for (const row of rows) {
    const line = shell.flags.json ? JSON.stringify(row) : cellsOf(row).map(printable).join('  ');
    shell.io.stdout.write(`${line}\n`);
  }
}

function cellsOf(row: AuditRow): string[] {
  const { seq, ts_ms, actor, action, target, decision, plugin, version, code, reason, url } = row;
  const by = plugin === null ? '-' : [plugin, version].filter(Boolean).join('@');
  const why = [code, reason, url].filter((text) => text !== null && text !== '');
  return [String(seq), new Date(ts_ms).toISOString(), actor, action, target, decision, by, why.join(' · ')];
}
