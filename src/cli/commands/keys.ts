import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { UsageError } from '../cli-errors.js';
import { SCOPES, type KeyRecord } from '../../config/index.js';
import { hashKey, keyIdOf, newKey } from '../../kernel/key-hash.js';
import { integer, repeated } from '../flags.js';
import { type ShellOf } from '../shell.js';

interface CreateFlags {
  readonly id?: string;
  readonly name?: string;
  readonly tenant: string;
  readonly scope?: readonly string[];
  readonly expiresMs?: number;
}

const DEFAULT_SCOPES = ['infer', 'observe'] as const;

export function keysCommand(shellOf: ShellOf): Command {
  return new Command('keys').description('make keys; needs no daemon').addCommand(createCommand(shellOf));
}

function createCommand(shellOf: ShellOf): Command {
  return new Command('create')
    .description('make a key; prints it once, with the entry for the config')
    .option('--id <id>', 'id of the record: lower-case letters, digits and -')
    .option('--name <text>', 'name for people')
    .option('--tenant <id>', 'tenant that the key belongs to', 'default')
    .option('--scope <scope>', `what the key may do; repeat it (${SCOPES.join(', ')})`, repeated)
    .option('--expires-ms <epoch>', 'Unix time in milliseconds after which it is refused', integer)
    .action((flags: CreateFlags, command: Command) => {
      const shell = shellOf(command);
      const { key, entry } = createKey(flags);
      shell.answer({ key, entry }, `${key}\n\n${stringify({ auth: { keys: [entry] } })}`);
      shell.say('The key is shown only now. Put the entry into the config and give the key to its user.');
    });
}

function createKey(flags: CreateFlags): { key: string; entry: KeyRecord } {
  const id = flags.id ?? randomBytes(5).toString('hex');
  const key = newKey(id);
  if (keyIdOf(key) !== id) throw new UsageError(`--id ${id} must be lower-case letters, digits and -`);
  const entry: KeyRecord = {
    id,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    hash: hashKey(key),
    tenant: flags.tenant,
    scopes: scopesOf(flags.scope ?? DEFAULT_SCOPES),
    ...(flags.expiresMs === undefined ? {} : { expires_ms: flags.expiresMs }),
  };
  return { key, entry };
}

function scopesOf(names: readonly string[]): KeyRecord['scopes'] {
  return names.map((name) => {
    const scope = SCOPES.find((known) => known === name);
    if (scope === undefined) throw new UsageError(`unknown scope ${name}; choose from ${SCOPES.join(', ')}`);
    return scope;
  });
}
