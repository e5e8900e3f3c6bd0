import { type Command } from '../plan/step.js';

/** The package manager of this machine. */
export type Manager = 'pacman' | 'apt-get' | 'dnf' | 'zypper';

export const MANAGERS: readonly Manager[] = ['pacman', 'apt-get', 'dnf', 'zypper'];

/** Packages that bring a tool, where their name is not that of the tool. */
const PACKAGES: Readonly<Record<string, Partial<Record<Manager, string>>>> = {
  'a C++ compiler': { pacman: 'gcc', 'apt-get': 'g++', dnf: 'gcc-c++', zypper: 'gcc-c++' },
  'a container runtime': { pacman: 'podman', 'apt-get': 'podman', dnf: 'podman', zypper: 'podman' },
  nvcc: { pacman: 'cuda', 'apt-get': 'nvidia-cuda-toolkit', dnf: 'cuda-toolkit', zypper: 'cuda-toolkit' },
  ninja: { 'apt-get': 'ninja-build', dnf: 'ninja-build' },
};

const INSTALL: Readonly<Record<Manager, Command>> = {
  pacman: ['pacman', '-S', '--needed', '--noconfirm'],
  'apt-get': ['apt-get', 'install', '--yes'],
  dnf: ['dnf', 'install', '--assumeyes'],
  zypper: ['zypper', '--non-interactive', 'install'],
};

/** How tools are installed without questions. @param isRoot whoever is not needs sudo, which must not ask either */
export function installCommand(manager: Manager, tools: readonly string[], isRoot: boolean): Command {
  const packages = tools.map((tool) => PACKAGES[tool]?.[manager] ?? tool);
  return [...asRoot(isRoot), ...INSTALL[manager], '--', ...packages];
}

export interface WantedPackage {
  readonly name: string;
  readonly repo: string | undefined;
}

/**
 * How an engine's package is installed on Arch and what is built on it.
 * @param helper a program that builds from the AUR, such as paru
 */
export function engineInstallCommand({ name, repo }: WantedPackage, isRoot: boolean, helper = 'paru'): Command {
  if (repo === 'aur') return [helper, '-S', '--needed', '--noconfirm', '--', name];
  return [...asRoot(isRoot), ...INSTALL.pacman, '--', repo === undefined ? name : `${repo}/${name}`];
}

function asRoot(isRoot: boolean): Command {
  return isRoot ? [] : ['sudo', '-n'];
}
