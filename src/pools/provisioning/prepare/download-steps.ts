import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { isExecutable } from '../find-program.js';
import { type StepOf } from '../plan/step.js';
import { fetchFile } from './fetch-file.js';
import { ProvisioningError } from './provisioning-error.js';
import { type EquippedWorkshop, runCommand, type Workshop } from './run-command.js';

const PROGRAM = 0o755;
const DATA = 0o644;
const GIBIBYTE = 1024 ** 3;
const MOST_PROGRAM_BYTES = 8 * GIBIBYTE;
const MOST_WEIGHTS_BYTES = 1024 * GIBIBYTE;

export function isThere({ download }: StepOf<'model-fetch'>): boolean {
  return existsSync(download.file);
}

export async function fetchWeights({ download }: StepOf<'model-fetch'>, { egress }: EquippedWorkshop): Promise<void> {
  await fetchFile({ ...download, mode: DATA, maxBytes: MOST_WEIGHTS_BYTES }, egress);
}

/** Nothing of a download is unpacked or can be run before its digest was compared. */
export async function fetchProgram(step: StepOf<'binary-fetch'>, shop: EquippedWorkshop): Promise<void> {
  const { download, isArchive } = step;
  await fetchFile({ ...download, mode: isArchive ? DATA : PROGRAM, maxBytes: MOST_PROGRAM_BYTES }, shop.egress);
  if (isArchive) await unpack(step, shop);
}

/** The libraries beside the program stay where they are; a link leads to it. */
async function unpack({ download, program }: StepOf<'binary-fetch'>, shop: Workshop): Promise<void> {
  const folder = join(dirname(program), 'unpacked');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await runCommand(
    ['tar', '--extract', '--gzip', '--no-same-owner', '--file', download.file, '--directory', folder],
    shop,
  );
  const found = await programIn(folder, basename(program));
  if (found === undefined)
    throw new ProvisioningError(`${basename(download.file)} holds no program ${basename(program)}; name another url`);
  await symlink(relative(dirname(program), found), `${program}.new`);
  await rename(`${program}.new`, program);
  await rm(download.file, { force: true });
}

async function programIn(folder: string, name: string): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.name === name).map((entry) => join(entry.parentPath, entry.name));
  return paths.sort().find(isExecutable);
}
