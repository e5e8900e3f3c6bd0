import { execFile } from 'node:child_process';
import { findProgram } from '../find-program.js';
import { type StepOf, type Tool } from '../plan/step.js';
import { findTool } from './find-tool.js';
import { engineInstallCommand, installCommand, MANAGERS } from './install-command.js';
import { ProvisioningError } from './provisioning-error.js';
import { quoted, runCommand, toolEnvironment, type Workshop } from './run-command.js';

const AUR_HELPERS = ['paru', 'yay'] as const;
const LOOK_MS = 30_000;

export function toolsMissing({ tools }: StepOf<'preflight-tools'>, { env }: Workshop): readonly Tool[] {
  return tools.filter((tool) => findTool(tool, env['PATH']) === undefined);
}

/** Installs what is missing where it may, on systems with pacman. @throws ProvisioningError with a command to paste */
export async function requireTools(step: StepOf<'preflight-tools'>, shop: Workshop): Promise<void> {
  const manager = MANAGERS.find((name) => findProgram(name, shop.env['PATH']) !== undefined);
  const names = toolsMissing(step, shop).map(({ name }) => name);
  const isRoot = process.getuid?.() === 0;
  if (step.mayInstall && manager === 'pacman') await runCommand(installCommand(manager, names, isRoot), shop);
  const left = toolsMissing(step, shop).map(({ name }) => name);
  if (left.length === 0) return;
  const hint = manager === undefined ? 'install them' : pasted(installCommand(manager, left, isRoot));
  throw new ProvisioningError(`missing: ${left.join(', ')}; ${hint}`);
}

function pasted(command: readonly string[]): string {
  const words = command[0] === 'sudo' ? ['sudo', ...command.slice(2)] : command;
  return `run: ${words.map(quoted).join(' ')}`;
}

export async function isImageThere(step: StepOf<'image-pull'>, shop: Workshop): Promise<boolean> {
  const runtime = runtimeOf(step, shop);
  return runtime !== undefined && (await answers([runtime, 'image', 'inspect', step.image], shop)) !== undefined;
}

export async function pullImage(step: StepOf<'image-pull'>, shop: Workshop): Promise<void> {
  const runtime = runtimeOf(step, shop);
  if (runtime === undefined) throw new ProvisioningError(`none of ${step.runtimes.join(', ')} is installed`);
  await runCommand([runtime, 'pull', step.image], shop);
}

function runtimeOf({ runtimes }: StepOf<'image-pull'>, { env }: Workshop): string | undefined {
  return runtimes.find((name) => findProgram(name, env['PATH']) !== undefined);
}

/** The program is there, and where a version is named, the package manager confirms it. */
export async function isPackageThere(step: StepOf<'package-install'>, shop: Workshop): Promise<boolean> {
  if (findProgram(step.program, shop.env['PATH']) === undefined) return false;
  if (step.version === undefined || findProgram('pacman', shop.env['PATH']) === undefined) return true;
  const shown = await answers(['pacman', '-Q', '--', step.name], shop);
  return shown?.trim() === `${step.name} ${step.version}`;
}

export async function installPackage(step: StepOf<'package-install'>, shop: Workshop): Promise<void> {
  const { PATH } = shop.env;
  if (findProgram('pacman', PATH) === undefined) {
    const hint = 'install it yourself and use mode binary with binary.path';
    throw new ProvisioningError(`package ${step.name} can be installed on Arch and CachyOS alone; ${hint}`);
  }
  const helper = AUR_HELPERS.find((name) => findProgram(name, PATH) !== undefined);
  if (step.repo === 'aur' && helper === undefined)
    throw new ProvisioningError(
      `${step.name} comes from the AUR, but neither ${AUR_HELPERS.join(' nor ')} is installed`,
    );
  await runCommand(engineInstallCommand(step, process.getuid?.() === 0, helper), shop);
  if (await isPackageThere(step, shop)) return;
  throw new ProvisioningError(
    `package ${step.name} is installed, but not ${step.program} of version ${step.version ?? 'any'}; correct provisioning.package`,
  );
}

/** What a command that only looks says; undefined when it fails. */
function answers([program, ...args]: readonly string[], { env }: Workshop): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env: toolEnvironment(env), timeout: LOOK_MS };
    execFile(program!, args, options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}
