import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { type CatalogModel, type Client, type CreateCatalogModel, type ModelState } from '@llama-orch/client';
import { UsageError } from '../cli-errors.js';
import { integer, repeated } from '../flags.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { duration, facts, table } from '../text.js';
import { modelBomCommand } from './models-bom.js';
import { modelPullCommand } from './models-pull.js';

const USUAL_DEADLINE_MS = 30_000;
const LOOK_AGAIN_MS = 250;
const MEBIBYTE = 1024 * 1024;
const COLUMNS = ['MODEL', 'STATE', 'HERE', 'SIZE', 'DIGEST', 'VERIFIED', 'SOURCE'];
const SHOWN_DIGEST = 'sha256:'.length + 12;

export function modelsCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('models')
    .description('which models can be served: add, look at, verify, retire and remove them')
    .addCommand(addCommand(shellOf))
    .addCommand(modelPullCommand(shellOf))
    .addCommand(listCommand(shellOf))
    .addCommand(showCommand(shellOf))
    .addCommand(verifyCommand(shellOf, setExitCode))
    .addCommand(stateCommand(shellOf, 'activate', 'Active', 'take a retired model into service again'))
    .addCommand(stateCommand(shellOf, 'retire', 'Retired', 'refuse new tasks, then unload the model; its files stay'))
    .addCommand(removeCommand(shellOf))
    .addCommand(modelBomCommand(shellOf));
}

interface AddFlags {
  readonly source?: string;
  readonly digest?: string;
  readonly modelVersion?: string;
  readonly alias?: readonly string[];
  readonly tag?: readonly string[];
  readonly signature?: string;
  readonly sbom?: string;
  readonly unsigned?: true;
  readonly trust?: 'strict' | 'permissive';
}

function addCommand(shellOf: ShellOf): Command {
  return new Command('add')
    .description('add a model; the digest of a local file is worked out here')
    .argument('<id>', 'id that it gets')
    .option('--source <ref>', 'where its weights are: file:/…, hf:org/repo/file.gguf, https://…, s3://…, oci://…')
    .option('--digest <sha256>', 'sha256:<hex> of its weights')
    .option('--model-version <text>', 'version of the model')
    .option('--alias <name>', 'another name for it; may be repeated', repeated)
    .option('--tag <text>', 'may be repeated', repeated)
    .option('--signature <file>', 'signed bundle of the model (OpenSSF model signing)')
    .option('--sbom <file>', 'bill of materials (CycloneDX, JSON)')
    .option('--unsigned', 'declare that it has no signature')
    .addOption(
      new Option('--trust <policy>', 'policy for this call; it may only tighten').choices(['strict', 'permissive']),
    )
    .action(async (id: string, flags: AddFlags, command: Command) => {
      const shell = shellOf(command);
      const model = await shell.client().addModel(await modelOf(id, flags), { policy: flags.trust });
      shell.answer(model, factsOf(model));
      for (const warning of model.warnings) shell.say(`warning: ${warning}`, 'yellow');
    });
}

async function modelOf(id: string, flags: AddFlags): Promise<CreateCatalogModel> {
  const { source, alias, tag, modelVersion, unsigned } = flags;
  return {
    ...{ id, digest: flags.digest ?? (await digestOf(source)) },
    ...(source === undefined ? {} : { source_url: source }),
    ...(modelVersion === undefined ? {} : { version: modelVersion }),
    ...(alias === undefined ? {} : { aliases: [...alias] }),
    ...(tag === undefined ? {} : { tags: [...tag] }),
    ...(unsigned === undefined ? {} : { signed: false }),
    ...(flags.signature === undefined ? {} : { signatures: [await signatureOf(flags.signature)] }),
    ...(flags.sbom === undefined ? {} : { sbom: await sbomOf(flags.sbom) }),
  };
}

async function digestOf(source: string | undefined): Promise<string> {
  const path = source?.startsWith('file:') === true ? source.slice('file:'.length) : undefined;
  if (path === undefined) throw new UsageError('--digest is needed unless --source names a file of this machine');
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read (${codeOf(cause)}); correct --source, or give --digest`);
  });
  return `sha256:${hash.digest('hex')}`;
}

async function signatureOf(path: string) {
  const text = await textOf(path, '--signature');
  try {
    return { signer: 'unknown', algo: 'unknown', bundle: JSON.parse(text) as Record<string, unknown> };
  } catch {
    throw new UsageError(`${path} holds no JSON; --signature names the bundle that the signer wrote`);
  }
}

async function sbomOf(path: string) {
  const text = await textOf(path, '--sbom');
  return { uri: `file:${path}`, digest: `sha256:${createHash('sha256').update(text).digest('hex')}`, text };
}

async function textOf(path: string, flag: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read (${codeOf(cause)}); correct ${flag}`);
  });
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
}

interface ListFlags {
  readonly limit?: number;
  readonly cursor?: string;
}

function listCommand(shellOf: ShellOf): Command {
  return new Command('ls')
    .description('list models, newest first')
    .option('--limit <count>', 'how many, 1 to 200', integer)
    .option('--cursor <text>', 'go on where the last list stopped')
    .action(async ({ limit, cursor }: ListFlags, command: Command) => {
      const shell = shellOf(command);
      const page = await shell.client().models({ limit, cursor });
      shell.answer(page, table(COLUMNS, page.items.map(rowOf)));
      if (page.next_cursor !== null) shell.say(`more with --cursor ${page.next_cursor}`);
    });
}

function showCommand(shellOf: ShellOf): Command {
  return new Command('show')
    .description('show one model')
    .argument('<model>', 'id of the model')
    .action(async (id: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const model = await shell.client().model(id);
      shell.answer(model, factsOf(model));
    });
}

function verifyCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('verify')
    .description('compare every byte of a model and what is said of it, and wait for the result')
    .argument('<model>', 'id of the model')
    .option('--no-wait', 'only begin')
    .action(async (id: string, { wait }: { readonly wait: boolean }, command: Command) => {
      const shell = shellOf(command);
      const started = await shell.client().verifyModel(id);
      if (!wait) return shell.answer(started, `verification ${started.verification_id} has begun\n`);
      const model = await verified(shell.client(), id, started.verification_id);
      tell(shell, model);
      if (model.last_verification?.state === 'fail') setExitCode(1);
    });
}

async function verified(client: Client, id: string, verificationId: string): Promise<CatalogModel> {
  for (;;) {
    const model = await client.model(id);
    const { last_verification: last } = model;
    if (last?.id !== verificationId || last.state !== 'running') return model;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

function tell(shell: Shell, model: CatalogModel): void {
  const { state = 'fail', reason = null } = model.last_verification ?? {};
  shell.answer(model, `${model.id}: ${state}${reason === null ? '' : ` (${reason})`}\n`);
  for (const warning of model.warnings) shell.say(`warning: ${warning}`, 'yellow');
}

function stateCommand(shellOf: ShellOf, name: string, state: ModelState, description: string): Command {
  const command = new Command(name).description(description).argument('<model>', 'id of the model');
  if (state === 'Retired')
    command.option('--deadline <ms>', 'end tasks that still run after this time', integer, USUAL_DEADLINE_MS);
  return command.action(async (id: string, { deadline }: { readonly deadline?: number }, self: Command) => {
    const shell = shellOf(self);
    const body = { state, ...(deadline === undefined ? {} : { deadline_ms: deadline }) };
    const answer = await shell.client().setModelState(id, body);
    const how =
      deadline === undefined ? 'its pools load it again' : `what still runs after ${duration(deadline)} is ended`;
    shell.answer({ id, ...answer }, `model ${id} is ${answer.state}; ${how}\n`);
  });
}

function removeCommand(shellOf: ShellOf): Command {
  return new Command('rm')
    .description('remove a model that no pool serves; its files follow later')
    .argument('<model>', 'id of the model')
    .action(async (id: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      await shell.client().removeModel(id);
      shell.answer({ id, deleted: true }, '');
      shell.say('there is no such model any more');
    });
}

function rowOf(model: CatalogModel): string[] {
  const { id, state, local, digest, last_verification: last, source_url: source } = model;
  return [
    ...[id, state, local ? 'yes' : 'no', sizeOf(model), digest?.slice(0, SHOWN_DIGEST) ?? '-'],
    ...[model.quarantined ? 'quarantined' : (last?.state ?? '-'), source ?? '-'],
  ];
}

function sizeOf({ size_bytes: bytes }: CatalogModel): string {
  return bytes === null ? '-' : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

function factsOf(model: CatalogModel): string {
  const { last_verification: last, signatures, sbom } = model;
  return facts([
    ...([
      ['id', model.id],
      ['state', model.state],
      ['digest', model.digest],
      ['source', model.source_url],
    ] as const),
    ...([
      ['resolved to', model.resolved_ref],
      ['version', model.version],
      ['size', sizeOf(model)],
    ] as const),
    ['here', model.local ? 'yes' : 'no'],
    ['aliases', model.aliases.join(', ')],
    ['tags', model.tags.join(', ')],
    ['files', model.manifests.length > 0 ? model.manifests.length : undefined],
    [
      'signatures',
      signatures.map(({ signer, verified: holds }) => `${signer} (${holds ? 'holds' : 'not proven'})`).join(', '),
    ],
    ['sbom', sbom?.uri],
    ['verified', last === null ? undefined : `${last.state}${last.reason === null ? '' : ` (${last.reason})`}`],
    ['quarantined', model.quarantined ? 'yes' : undefined],
    ['added by', model.added_by],
  ]);
}
