import { readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type ArtifactKind, type ArtifactRecord } from '@llama-orch/client';
import { linesOf } from '../artifacts/content-lines.js';
import { diffLines, type Edit } from '../artifacts/diff.js';
import { contentOfFile, fileOfContent } from '../artifacts/file-content.js';
import { lineageOf } from '../artifacts/lineage.js';
import { filesIn, syncFile } from '../artifacts/sync.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { integer, repeated } from '../flags.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { sinceMs } from '../since.js';
import { counted, facts, printable, table } from '../text.js';

const KINDS: readonly ArtifactKind[] = ['plan', 'summary', 'diff', 'trace', 'other'];

const HELP = `
A JSON object is kept as it is, other text as {"text": …}, anything else as bytes with a media type; get turns each back
into the file that it was.

Examples:
  llama-orch artifacts put plan.json --kind plan --tag feature-42
  git diff | llama-orch artifacts put --kind diff --parent sha256:…
  llama-orch artifacts ls --tag feature-42
  llama-orch artifacts diff sha256:… sha256:…
  llama-orch artifacts sync ./results`;

export function artifactsCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('artifacts')
    .description('keep results, and find them again')
    .addHelpText('after', HELP)
    .addCommand(putCommand(shellOf))
    .addCommand(getCommand(shellOf))
    .addCommand(listCommand(shellOf))
    .addCommand(diffCommand(shellOf, setExitCode))
    .addCommand(lineageCommand(shellOf))
    .addCommand(syncCommand(shellOf))
    .addCommand(collectCommand(shellOf));
}

interface PutFlags {
  readonly kind: ArtifactKind;
  readonly tag?: readonly string[];
  readonly parent?: string;
  readonly mediaType?: string;
}

function putCommand(shellOf: ShellOf): Command {
  return new Command('put')
    .description('keep a file, or what comes in on standard input; prints its id')
    .argument('[file]', 'left out, or -: standard input')
    .addOption(new Option('--kind <kind>', 'what it is').choices(KINDS).default('other'))
    .option('--tag <text>', 'tag to find it by; may be repeated; keep = never ended by the retention', repeated)
    .option('--parent <id>', 'artifact that it was made from')
    .option('--media-type <type>', 'keep the bytes as they are, as this')
    .action(
      async (file: string | undefined, { kind, tag: tags = [], parent, mediaType }: PutFlags, command: Command) => {
        const shell = shellOf(command);
        const bytes =
          file === undefined || file === '-' ? Buffer.from(await shell.io.readStdin()) : fileAt(shell, file);
        const { json } = contentOfFile(bytes, basename(file ?? ''), mediaType);
        const artifact = { kind, tags, ...(parent === undefined ? {} : { parent }) };
        const created = await shell.client().createArtifact(artifact, { contentJson: json });
        shell.answer(created, `${created.id}\n`);
        if (created.redacted) shell.say('secrets were taken out of it before it was kept');
      },
    );
}

function getCommand(shellOf: ShellOf): Command {
  return new Command('get')
    .description('write the content of an artifact to a file, or to standard output')
    .argument('<artifact>', 'id of the artifact')
    .argument('[file]', 'left out, or -: standard output')
    .action(async (id: string, file: string | undefined, _flags: object, command: Command) => {
      const shell = shellOf(command);
      if (shell.flags.json) return shell.answer(await shell.client().artifact(id), '');
      const { bytes, mediaType } = await shell.client().artifactContent(id);
      const content = fileOfContent(bytes, mediaType);
      if (file !== undefined && file !== '-') return writeFileSync(resolve(shell.io.cwd, file), content);
      if (/^(?:text\/|application\/json)/.test(mediaType)) shell.output(Buffer.from(content).toString('utf8'));
      else shell.outputBytes(content);
    });
}

interface ListFlags {
  readonly tag?: readonly string[];
  readonly kind?: ArtifactKind;
  readonly parent?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

function listCommand(shellOf: ShellOf): Command {
  return new Command('list')
    .alias('ls')
    .description('list artifacts, newest first')
    .option('--tag <text>', 'only with this tag; may be repeated', repeated)
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(KINDS))
    .option('--parent <id>', 'only what was made from this artifact')
    .option('--since <time>', 'only from this time on: 90m, 24h, 30d, or a date')
    .option('--limit <count>', 'how many, 1 to 200', integer)
    .option('--cursor <text>', 'go on where the last list stopped')
    .action(async ({ tag, kind, parent, since, limit, cursor }: ListFlags, command: Command) => {
      const shell = shellOf(command);
      const since_ms = since === undefined ? undefined : sinceMs(since, Date.now());
      const page = await shell.client().artifacts({ tag: tag && [...tag], kind, parent, since_ms, limit, cursor });
      shell.answer(page, table(['ARTIFACT', 'KIND', 'BYTES', 'CREATED', 'TAGS'], page.items.map(rowOf)));
      if (page.next_cursor !== null) shell.say(`more with --cursor ${page.next_cursor}`);
    });
}

function diffCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('diff')
    .description('show what differs between two artifacts; exit code 1 when something does')
    .argument('<before>', 'id of the older one')
    .argument('<after>', 'id of the newer one')
    .action(async (before: string, after: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const edits = diffLines(await artifactLines(shell, before), await artifactLines(shell, after));
      shell.answer({ before, after, edits }, diffText(edits));
      if (edits.some(({ type }) => type !== 'same')) setExitCode(EXIT.failure);
    });
}

function lineageCommand(shellOf: ShellOf): Command {
  return new Command('lineage')
    .description('show what an artifact was made from, and what was made from it')
    .argument('<artifact>', 'id of the artifact')
    .action(async (id: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const items = await lineageOf(shell.client(), id);
      const lines = items.map(
        ({ depth, record }) => `${'  '.repeat(depth)}${record.id}  ${record.kind}  ${tagsOf(record)}`,
      );
      const text = lines.map((line) => `${printable(line).trimEnd()}\n`).join('');
      shell.answer({ items: items.map(({ depth, record }) => ({ depth, ...record })) }, text);
    });
}

function syncCommand(shellOf: ShellOf): Command {
  return new Command('sync')
    .description('keep every file of a folder that is not kept as it is now')
    .argument('<folder>', 'with all folders in it; links are left out')
    .addOption(new Option('--kind <kind>', 'what they are').choices(KINDS).default('other'))
    .action(async (folder: string, { kind }: { readonly kind: ArtifactKind }, command: Command) => {
      const shell = shellOf(command);
      const root = resolve(shell.io.cwd, folder);
      const items = [];
      for (const file of filesIn(root)) items.push(await syncFile(shell.client(), root, file, kind));
      const text = table(
        ['FILE', 'STATE', 'ARTIFACT'],
        items.map(({ file, state, id }) => [file, state, id]),
      );
      shell.answer({ items }, text);
      shell.say(`${counted(items.filter(({ state }) => state === 'put').length, 'file')} of ${items.length} put`);
    });
}

function collectCommand(shellOf: ShellOf): Command {
  return new Command('gc')
    .description('end what is kept too long or is too much, and remove contents that nothing refers to')
    .action(async (_flags: object, command: Command) => {
      const shell = shellOf(command);
      const collected = await shell.client().collectArtifacts();
      shell.answer(collected, facts(Object.entries(collected)));
    });
}

function fileAt(shell: Shell, file: string): Uint8Array {
  try {
    return readFileSync(resolve(shell.io.cwd, file));
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${file} cannot be read (${code}); name a file, or - for standard input`);
  }
}

async function artifactLines(shell: Shell, id: string): Promise<readonly string[]> {
  const lines = linesOf(await shell.client().artifactContent(id));
  if (lines === undefined)
    throw new Error(`${id} is no text, or too long to be compared; get both and compare the files`);
  return lines;
}

const CONTEXT = 3;

/** Lines as they differ, with a few around them. */
function diffText(edits: readonly Edit[]): string {
  return edits
    .flatMap(({ type, lines }, at) => {
      if (type !== 'same') return lines.map((line) => `${type === 'added' ? '+' : '-'}${printable(line)}\n`);
      const [first, last] = [at === 0 ? 0 : CONTEXT, at === edits.length - 1 ? 0 : CONTEXT];
      const shown =
        lines.length <= first + last
          ? lines
          : [...lines.slice(0, first), undefined, ...lines.slice(lines.length - last)];
      return shown.map((line) => (line === undefined ? '…\n' : ` ${printable(line)}\n`));
    })
    .join('');
}

function rowOf(record: ArtifactRecord): string[] {
  const created = new Date(record.created_ms).toISOString();
  return [record.id, record.kind, String(record.size_bytes), created, tagsOf(record)];
}

function tagsOf({ tags }: Pick<ArtifactRecord, 'tags'>): string {
  return tags.join(' ');
}
