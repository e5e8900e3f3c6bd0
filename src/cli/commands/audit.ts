import { Command, Option } from 'commander';
import { type ConfigFlags, type ConfigMode, type LoadRequest } from '../../config/index.js';
import { tailCommand } from '../audit-tail.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';
import { EXIT } from '../exit-codes.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { sinceMs } from '../since.js';

/** What is to be done with the files of an audit; no daemon is asked. Paths are relative to `cwd`. */
export type AuditRequest = AuditPlace &
  (
    | {
        readonly action: 'verify';
        /** An export instead of the log itself; it goes with the public key. */
        readonly file: string | undefined;
        readonly publicKey: string | undefined;
        /** `<number>:<hash>` of a row that was written down elsewhere. */
        readonly anchor: string | undefined;
      }
    | {
        readonly action: 'export';
        /** Absent: `write` gets the lines. */
        readonly out: string | undefined;
        readonly sinceMs: number | undefined;
        readonly records: boolean;
        readonly write: (text: string) => void;
      }
  );

interface AuditPlace {
  readonly cwd: string;
  /** The data folder; absent: that of the configuration. */
  readonly dir: string | undefined;
  readonly config: LoadRequest;
}

/** The outcome: one document for programs, and the same for people. */
export interface AuditAnswer {
  readonly document: object;
  readonly text: string;
  /** False when a fault was found. */
  readonly ok: boolean;
}

/**
 * Verifies or exports an audit from its files, whether or not a daemon writes it.
 * @throws ConfigError when the configuration is wrong, UsageError when flags do not fit, Error when files cannot be read
 */
export type AuditCare = (request: AuditRequest) => Promise<AuditAnswer>;

type Flags<More> = ConfigFlags & { readonly configMode: ConfigMode; readonly dir?: string } & More;
type VerifyFlags = Flags<{ readonly file?: string; readonly publicKey?: string; readonly anchor?: string }>;
type ExportFlags = Flags<{ readonly out?: string; readonly since?: string; readonly records?: true }>;

const HELP = `
What verify can find without help from outside: every edit, removal, insertion and reorder of rows, and rows cut off at
the end. Who puts the whole data folder back to an older copy is found with --anchor: a row's number and hash, taken from
a checkpoint line of the log, or from GET /v1/audit-key, and kept on another machine.

Examples:
  llama-orch audit tail --follow
  llama-orch audit verify --anchor 4711:fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9
  llama-orch audit export --since 30d --out audit.jsonl
  llama-orch audit verify --file audit.jsonl --public-key audit-public.pem`;

export function auditCommand(shellOf: ShellOf, care: AuditCare, setExitCode: SetExitCode): Command {
  const answer = async (shell: Shell, request: AuditRequest) => {
    const { document, text, ok } = await care(request);
    if (request.action === 'export' && request.out === undefined) shell.say(text.trimEnd());
    else shell.answer(document, text);
    if (!ok) setExitCode(EXIT.failure);
  };
  return new Command('audit')
    .description('read, verify and export the record of what was decided and done')
    .addHelpText('after', HELP)
    .addCommand(tailCommand(shellOf))
    .addCommand(verifyCommand(shellOf, answer))
    .addCommand(exportCommand(shellOf, answer));
}

type Answer = (shell: Shell, request: AuditRequest) => Promise<void>;

function verifyCommand(shellOf: ShellOf, answer: Answer): Command {
  return addConfigFlags(new Command('verify'))
    .description('go through the whole audit; exit code 1 with the place and kind of the first fault')
    .option('--dir <data folder>', 'of which daemon (default: that of the config)')
    .option('--file <export>', 'verify an export instead; needs no other key than the public one')
    .option('--public-key <pem>', 'the key that checkpoints of the export were signed with')
    .option('--anchor <number:hash>', 'a row that must be there, as it was written down elsewhere')
    .action(async (flags: VerifyFlags, command: Command) => {
      const shell = shellOf(command);
      const { file, publicKey, anchor } = flags;
      await answer(shell, { action: 'verify', ...placeOf(shell, flags), file, publicKey, anchor });
    });
}

function exportCommand(shellOf: ShellOf, answer: Answer): Command {
  return addConfigFlags(new Command('export'))
    .description('write rows as JSON lines that anybody can verify with the public key')
    .option('--dir <data folder>', 'of which daemon (default: that of the config)')
    .option('--out <file>', 'where to (default: standard output)')
    .option('--since <time>', 'from the checkpoint before this time on: 90m, 24h, 30d, or a date')
    .addOption(new Option('--records', 'with what decisions were made from'))
    .action(async (flags: ExportFlags, command: Command) => {
      const shell = shellOf(command);
      const { out, since, records = false } = flags;
      const write = (text: string) => shell.io.stdout.write(text);
      const from = since === undefined ? undefined : sinceMs(since, Date.now());
      await answer(shell, { action: 'export', ...placeOf(shell, flags), out, sinceMs: from, records, write });
    });
}

function placeOf(shell: Shell, flags: Flags<object>): AuditPlace {
  return { cwd: shell.io.cwd, dir: flags.dir, config: loadRequest(shell, flags) };
}
