import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { findProgram, isExecutable } from '../find-program.js';
import { type StepOf } from '../plan/step.js';
import { findTool } from './find-tool.js';
import { ProvisioningError } from './provisioning-error.js';
import { runCommand, tryCommand, type Workshop } from './run-command.js';

/** CUDA takes only certain compilers beside it; the newest first. */
const HOST_COMPILERS = ['g++-14', 'g++-13', 'g++-12', 'g++-11', 'clang++'] as const;

export function isCloned({ folder }: StepOf<'git-clone'>): boolean {
  return existsSync(`${folder}.done`);
}

/** What an earlier attempt left half-way is removed first. */
export async function cloneSource({ folder, commands }: StepOf<'git-clone'>, shop: Workshop): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  for (const command of commands) await runCommand(command, shop);
  await writeFile(`${folder}.done`, '');
}

export function isConfigured({ build }: StepOf<'cmake-configure'>): boolean {
  return existsSync(`${build}.configured`);
}

/** @throws ProvisioningError also when CUDA was wanted and not found: such a build would compute on the CPU */
export async function configureBuild(step: StepOf<'cmake-configure'>, shop: Workshop): Promise<void> {
  if (!step.needsCuda) await runCommand(step.command, shop);
  else await configureWithCuda(step, shop);
  await writeFile(`${step.build}.configured`, '');
}

async function configureWithCuda({ build, command }: StepOf<'cmake-configure'>, shop: Workshop): Promise<void> {
  const compilers = HOST_COMPILERS.flatMap((name) => findProgram(name, shop.env['PATH']) ?? []);
  const attempts = [[], ...compilers.map((path) => [`-DCMAKE_CUDA_HOST_COMPILER=${path}`])];
  for (const more of attempts) {
    // What CMake once found wanting, it keeps in its cache.
    await rm(build, { recursive: true, force: true });
    const end = await tryCommand([...command, ...more], shop, cudaEnvironment(shop));
    if (end === 0) return requireCuda(build);
  }
  throw new ProvisioningError(
    `cmake cannot configure a build with CUDA, with none of ${attempts.length} host compilers; its output is in ${shop.logPath}`,
  );
}

async function requireCuda(build: string): Promise<void> {
  const cache = await readFile(join(build, 'CMakeCache.txt'), 'utf8').catch(() => '');
  if (/^CMAKE_CUDA_COMPILER:\w+=(?!.*NOTFOUND)\S/m.test(cache)) return;
  throw new ProvisioningError(
    'the build found no CUDA, so its engine would run on the CPU; install the CUDA toolkit, or set device: cpu',
  );
}

export async function buildProgram({ command, program }: StepOf<'cmake-build'>, shop: Workshop): Promise<void> {
  await runCommand(command, shop, cudaEnvironment(shop));
  if (!isExecutable(program)) throw new ProvisioningError(`the build made no ${program}; look into ${shop.logPath}`);
}

function cudaEnvironment({ env }: Workshop): Readonly<Record<string, string>> {
  const { PATH = '' } = env;
  const nvcc = findTool({ name: 'nvcc', anyOf: ['nvcc'] }, PATH);
  return nvcc === undefined ? {} : { CUDACXX: nvcc, PATH: [dirname(nvcc), PATH].join(delimiter) };
}
