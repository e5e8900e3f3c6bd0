import { Command } from 'commander';
import { ApiError, type CatalogModel, type Client, type ModelFetch, type StartFetch } from '@llama-orch/client';
import { modelNameIn } from '../../kernel/model-name.js';
import { InterruptedError, UsageError } from '../cli-errors.js';
import { fetchLine, fitWarning } from '../fetch-line.js';
import { integer } from '../flags.js';
import { interruptible } from '../interrupts.js';
import { type Shell, type ShellOf } from '../shell.js';
import { StatusLine } from '../status-line.js';

interface PullFlags {
  readonly id?: string;
  readonly digest?: string;
  readonly ctx?: number;
  readonly slots?: number;
  readonly force?: true;
}

const LOOK_AGAIN_MS = 250;
const MOST_OF_A_PAGE = 200;
/** Where the output is no terminal, a line is written for each tenth of the way. */
const TENTH = 10;
const ENDED: readonly ModelFetch['state'][] = ['done', 'failed', 'cancelled'];
const REFS = /^(?:hf|repo|https|s3|oci):/;

export function modelPullCommand(shellOf: ShellOf): Command {
  return new Command('pull')
    .description('have the daemon fetch weights into the catalog, or those of a model in it; goes on where it was')
    .argument('<ref>', 'hf:org/repo/file.gguf, https://…, s3://…, oci://…, or the id of a model')
    .option('--id <id>', 'what the catalog calls the model (default: by its file)')
    .option('--digest <sha256>', 'sha256:<hex> that the weights must have')
    .option('--ctx <tokens>', 'context to check the fit for', integer)
    .option('--slots <count>', 'requests at the same time to check the fit for', integer)
    .option('--force', 'fetch what does not fit on the GPUs too')
    .action(async (ref: string, flags: PullFlags, command: Command) => {
      const shell = shellOf(command);
      const progress = await interruptible(
        shell.io,
        () => false,
        (signal) => pulled(shell, ref, flags, signal),
      );
      shell.answer(progress, `${progress.digest}\n`);
    });
}

async function pulled(shell: Shell, ref: string, flags: PullFlags, signal: AbortSignal): Promise<ModelFetch> {
  if (ref.startsWith('file:'))
    throw new UsageError(`a local file is not fetched; add it with: llama-orch models add <id> --source ${ref}`);
  const client = shell.client();
  if (!REFS.test(ref)) return fetched(shell, client, await client.fetchModel(ref, { signal }), signal);
  const { started, pinnedRef } = await startedFetch(shell, client, ref, flags, signal);
  const progress = await fetched(shell, client, started, signal);
  await listed(shell, client, { id: flags.id, ref, source: pinnedRef, digest: progress.digest! }, signal);
  return progress;
}

async function fetched(shell: Shell, client: Client, started: ModelFetch, signal: AbortSignal): Promise<ModelFetch> {
  try {
    return await followed(shell, client, started, signal);
  } catch (error) {
    if (error instanceof InterruptedError) await callOff(shell, client, started);
    throw error;
  }
}

async function startedFetch(
  shell: Shell,
  client: Client,
  ref: string,
  { digest, ctx, slots, force }: PullFlags,
  signal: AbortSignal,
): Promise<{ started: ModelFetch; pinnedRef: string }> {
  const order: StartFetch = { ref, ...(digest === undefined ? {} : { digest }) };
  const load = { ...(ctx === undefined ? {} : { ctx }), ...(slots === undefined ? {} : { slots }) };
  const found = await client.inspectModel({ ...order, ...load }, { signal });
  const warning = fitWarning(found);
  if (found.fit === 'too_large' && force !== true)
    throw new Error(`${warning}; take a smaller one, a shorter --ctx, or --force`);
  if (warning !== undefined) shell.say(`warning: ${warning}`, 'yellow');
  if (found.pinned_ref !== ref) shell.say(`resolved to ${found.pinned_ref}`);
  return { started: await client.startFetch(order, { signal }), pinnedRef: found.pinned_ref };
}

interface Fetched {
  /** As asked for; undefined: it does not matter. */
  readonly id: string | undefined;
  readonly ref: string;
  /** The ref, pinned. */
  readonly source: string;
  readonly digest: string;
}

/** Pools and tasks name models of the catalog. One that has these bytes already stays as it is. */
async function listed(shell: Shell, client: Client, fetched: Fetched, signal: AbortSignal): Promise<void> {
  const { id = modelNameIn(fetched.source), source, digest } = fetched;
  const known = await knownModel(client, fetched, signal);
  try {
    const model = known ?? (await client.addModel({ id, digest, source_url: source }, { signal }));
    for (const warning of model.warnings) shell.say(`warning: ${warning}`, 'yellow');
    shell.say(`in the catalog as ${model.id}: name it in a pool with model: ${model.id}`);
  } catch (error) {
    if (error instanceof ApiError) shell.say(`the weights are here, but not in the catalog: ${wayOut(error, fetched)}`);
    throw error;
  }
}

function wayOut({ code }: ApiError, { source, digest }: Fetched): string {
  if (code === 'CONFLICT') return 'pull them again with another --id';
  return `add them with what proves them: llama-orch models add <id> --digest ${digest} --source ${source} --signature <file>`;
}

async function knownModel(client: Client, fetched: Fetched, signal: AbortSignal): Promise<CatalogModel | undefined> {
  let cursor: string | undefined;
  do {
    const page = await client.models({ limit: MOST_OF_A_PAGE, cursor }, { signal });
    const found = page.items.find((model) => isThis(model, fetched));
    if (found !== undefined) return found;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return undefined;
}

/** Of a model that a pool brought along, and that was not here yet, the digest is not known. */
function isThis(model: CatalogModel, { id, ref, source, digest }: Fetched): boolean {
  if (id !== undefined && model.id !== id) return false;
  return model.digest === null ? [ref, source].includes(model.source_url ?? '') : model.digest === digest;
}

async function followed(shell: Shell, client: Client, started: ModelFetch, signal: AbortSignal): Promise<ModelFetch> {
  const line = new StatusLine(shell.io.stderr);
  let told = -1;
  try {
    for (let progress = started; ; progress = await client.fetchProgress(started.id, { signal })) {
      if (ENDED.includes(progress.state)) return ended(progress);
      line.show(fetchLine(progress));
      told = tellTenth(shell, progress, told);
      await pause(signal);
    }
  } finally {
    line.clear();
  }
}

function tellTenth(shell: Shell, progress: ModelFetch, told: number): number {
  const tenth = Math.floor((progress.percent ?? 0) / TENTH);
  if (shell.io.stderr.isTty || progress.state !== 'fetching' || tenth <= told) return told;
  shell.say(fetchLine(progress));
  return tenth;
}

/** @throws Error that says what went wrong */
function ended(progress: ModelFetch): ModelFetch {
  if (progress.state === 'done') return progress;
  throw new Error(progress.error ?? `the fetch of ${progress.ref} was called off`);
}

/** What is there already stays; the daemon that is gone keeps it too. */
async function callOff(shell: Shell, client: Client, { id, ref }: ModelFetch): Promise<void> {
  await client.cancelFetch(id).catch(() => undefined);
  shell.say(`what has come is kept; go on with: llama-orch models pull ${ref}`);
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, LOOK_AGAIN_MS);
    signal.addEventListener('abort', leave, { once: true });
  });
}
