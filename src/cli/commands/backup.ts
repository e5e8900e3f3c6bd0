import { Command } from 'commander';
import { type ConfigFlags, type ConfigMode, type LoadRequest } from '../../config/index.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';
import { EXIT } from '../exit-codes.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';

/** What is to be done with a backup. Paths are relative to `cwd`. */
export type BackupCareRequest = {
  readonly cwd: string;
  readonly folder: string;
  readonly config: LoadRequest;
} & (
  | {
      readonly action: 'backup';
      /** Has the daemon copy its database, and tells the name of the copy. */
      readonly snapshot: () => Promise<string>;
    }
  | { readonly action: 'restore'; readonly force: boolean }
);

/** The outcome: one document for programs, and the same for people. */
export interface BackupAnswer {
  readonly document: object;
  readonly text: string;
  /** False when something was found to be wrong with what was backed up. */
  readonly ok: boolean;
}

/** Does it with the files of the data folder. @throws ConfigError, or Error when nothing was done */
export type BackupCare = (request: BackupCareRequest) => Promise<BackupAnswer>;

type Flags = ConfigFlags & { readonly configMode: ConfigMode };

const BACKUP_HELP = `
It copies the database, the audit with its keys, kept policies, catalog entries and artifacts, and hashes every file. A
daemon may run meanwhile; it is then asked for a copy of its database, which takes a key with the scope admin. Weights,
engines and the config file are not in it. Keep it as safe as the data folder: the keys of the audit are in it.

Examples:
  llama-orch backup /backups/llama-orch-2026-07-20
  llama-orch backup --config /etc/llama-orch/llama-orch.yaml /backups/monday`;

const RESTORE_HELP = `
Every file is compared with the manifest before anything is touched. No daemon may run on the data folder. One that is not
empty is left alone; with --force it is moved aside, and nothing of it is removed.

Examples:
  llama-orch restore /backups/llama-orch-2026-07-20
  llama-orch restore --force /backups/monday`;

export function backupCommand(shellOf: ShellOf, care: BackupCare, setExitCode: SetExitCode): Command {
  const command = new Command('backup')
    .description('copy what must survive into a folder')
    .argument('<dir>', 'folder to make; it must not exist, or be empty')
    .addHelpText('after', BACKUP_HELP)
    .action(async (folder: string, flags: Flags, own: Command) => {
      const shell = shellOf(own);
      const snapshot = async () => (await shell.client().takeSnapshot()).name;
      const request = {
        action: 'backup',
        cwd: shell.io.cwd,
        folder,
        config: loadRequest(shell, flags),
        snapshot,
      } as const;
      tell(shell, await care(request), setExitCode);
    });
  return addConfigFlags(command);
}

export function restoreCommand(shellOf: ShellOf, care: BackupCare, setExitCode: SetExitCode): Command {
  const command = new Command('restore')
    .description('put a backup in the place of the data folder')
    .argument('<dir>', 'folder that backup made')
    .option('--force', 'move aside what is in the way')
    .addHelpText('after', RESTORE_HELP)
    .action(async (folder: string, flags: Flags & { readonly force?: true }, own: Command) => {
      const shell = shellOf(own);
      const { cwd } = shell.io;
      const config = loadRequest(shell, flags);
      tell(shell, await care({ action: 'restore', cwd, folder, config, force: flags.force ?? false }), setExitCode);
    });
  return addConfigFlags(command);
}

function tell(shell: Shell, { document, text, ok }: BackupAnswer, setExitCode: SetExitCode): void {
  shell.answer(document, text);
  if (!ok) setExitCode(EXIT.failure);
}
