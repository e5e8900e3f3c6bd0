import { Command } from 'commander';
import { integer, repeated } from '../../flags.js';
import { type RecordSource } from './requests.js';
import { type PolicyContext, run } from './run.js';

const HOUR_MS = 3_600_000;

/** What a module does, did and would do. */
export function judgeCommands(context: PolicyContext): Command[] {
  return [
    new Command('try')
      .description('ask a module about one call; nothing is sent')
      .argument('<module>', 'a .wasm file')
      .argument('<url>', 'where the call would go')
      .option('-X, --method <method>', 'method', 'GET')
      .option('-H, --header <line>', 'header, name: value; may be repeated', repeated)
      .option('--data <text>', 'body')
      .option('--settings <json>', 'settings, as JSON or a file')
      .action(
        run(context, (module: string, url: string, flags: TryFlags) => ({
          action: 'try',
          module,
          url,
          method: flags.method.toUpperCase(),
          headers: flags.header ?? [],
          data: flags.data,
          settings: flags.settings,
        })),
      ),
    new Command('bench')
      .description('time and fuel of a module; fails over a bound')
      .argument('<module>', 'a .wasm file')
      .option('--event <file>', 'event to ask about, as JSON (default: its golden tests)')
      .option('--settings <json>', 'settings, as JSON or a file')
      .option('--count <number>', 'calls', integer, 20_000)
      .option('--max-fuel <number>', 'most fuel of a call', integer)
      .option('--max-p99-us <number>', 'longest p99 in microseconds', integer)
      .action(
        run(context, (module: string, flags: BenchFlags) => ({
          action: 'bench',
          module,
          event: flags.event,
          settings: flags.settings,
          count: flags.count,
          maxFuel: flags.maxFuel,
          maxP99Us: flags.maxP99Us,
        })),
      ),
    withSource(new Command('simulate'))
      .description('ask a module about recorded calls')
      .argument('<module>', 'a .wasm file')
      .option('--diff <module>', 'the version before: show only what changes')
      .option('--har <file>', 'calls of a HAR file instead of recorded ones')
      .option('--policy <id>', 'entry of the config whose recorded settings are used (default: by name or module)')
      .option('--settings <json>', 'settings, as JSON or a file (default: those recorded)')
      .action(
        run(context, (module: string, { diff, har, policy, settings, ...flags }: SourceFlags & SimulateFlags) => ({
          action: 'simulate',
          module,
          diff,
          har,
          policy,
          settings,
          ...sourceOf(flags),
        })),
      ),
    withSource(new Command('explain'))
      .description('one decision: which policy, why, and what would have passed')
      .argument('<decision>', 'decision id, or number of the audit row')
      .action(
        run(context, (decision: string, flags: SourceFlags) => ({ action: 'explain', decision, ...sourceOf(flags) })),
      ),
    withSource(new Command('replay'))
      .description('decide recorded calls again: the same answer and the same fuel, or exit code 1')
      .argument('[decision]', 'decision id, or number of the audit row (default: all)')
      .option('--limit <number>', 'so many of the newest', integer)
      .action(
        run(context, (decision: string | undefined, { limit, ...flags }: SourceFlags & { limit?: number }) => ({
          action: 'replay',
          decision,
          limit,
          ...sourceOf(flags),
        })),
      ),
    new Command('attack')
      .description('run the list of known attacks on the network guard')
      .option('--daemon', 'attack the tool of the running daemon, with what can be told from outside')
      .option('--row <number>', 'this row of the list alone', integer)
      .action(
        run(context, ({ daemon = false, row }: { daemon?: boolean; row?: number }) => ({
          action: 'attack',
          onDaemon: daemon,
          row,
        })),
      ),
    withSource(new Command('suggest'))
      .description('the tightest allow-list that lets through what was let through')
      .option('--since <hours>', 'look back so many hours', integer)
      .action(
        run(context, ({ since, ...flags }: SourceFlags & { since?: number }) => ({
          action: 'suggest',
          sinceMs: since === undefined ? undefined : Date.now() - since * HOUR_MS,
          ...sourceOf(flags),
        })),
      ),
  ];
}

interface TryFlags {
  readonly method: string;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly settings?: string;
}

interface BenchFlags {
  readonly event?: string;
  readonly settings?: string;
  readonly count: number;
  readonly maxFuel?: number;
  readonly maxP99Us?: number;
}

interface SimulateFlags {
  readonly diff?: string;
  readonly har?: string;
  readonly policy?: string;
  readonly settings?: string;
}

interface SourceFlags {
  readonly file?: string;
  readonly dir?: string;
  readonly modules?: string;
}

function withSource(command: Command): Command {
  return command
    .option('--file <export>', 'recorded decisions: an export made with audit export --records')
    .option('--dir <data folder>', 'recorded decisions: the data folder of a daemon (default: those of the daemon)')
    .option('--modules <folder>', 'folder with the .wasm files that decided, where the data folder has them not');
}

function sourceOf({ file, dir, modules }: SourceFlags): RecordSource {
  return { file, dir, modules };
}
