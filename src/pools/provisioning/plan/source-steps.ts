import { join } from 'node:path';
import { type Setup, sourceFolders } from '../setup.js';
import { type Step } from './step.js';

/** Git asks nobody, follows no redirect, and speaks to no helper that a repository names. */
const GIT = ['git', '-c', 'http.followRedirects=false', '-c', 'protocol.ext.allow=never'] as const;

interface SourceOptions {
  readonly jobs: number;
  readonly refused: string | undefined;
}

/** Clone, configure, build. An engine that is no CMake project is refused. */
export function sourceSteps(setup: Setup, { jobs, refused }: SourceOptions): readonly Step[] {
  const { program, pool } = setup;
  const { source, build } = sourceFolders(setup);
  const because = program.build === undefined ? `engine ${pool.engine} cannot be built from source` : refused;
  const steps: readonly Step[] = [
    cloneStep(setup, source),
    configureStep(setup, source, build),
    buildStep(setup, build, jobs),
  ];
  return because === undefined ? steps : steps.map((step) => ({ ...step, refused: because }));
}

function cloneStep({ provisioning }: Setup, folder: string): Step {
  const { repo, ref, submodules } = provisioning.source!;
  return {
    kind: 'git-clone',
    detail: `clone ${repo} at ${ref} to ${folder}`,
    folder,
    // The history stays, without its files: builds count commits to name their version.
    commands: [
      [...GIT, 'clone', '--filter=blob:none', '--no-checkout', '--', repo, folder],
      [...GIT, '-C', folder, 'fetch', '--filter=blob:none', '--', 'origin', ref],
      [...GIT, '-C', folder, 'checkout', '--detach', 'FETCH_HEAD', '--'],
      ...(submodules ? [[...GIT, '-C', folder, 'submodule', 'update', '--init', '--recursive']] : []),
    ],
  };
}

function configureStep({ provisioning, program, pool }: Setup, source: string, build: string): Step {
  const { cmake_flags, generator } = provisioning.source!.build;
  const needsCuda = pool.device !== 'cpu';
  return {
    kind: 'cmake-configure',
    detail: `configure ${build} for ${needsCuda ? 'CUDA; without CUDA it fails' : 'the CPU'}`,
    build,
    needsCuda,
    command: [
      ...['cmake', '-S', source, '-B', build, '-DCMAKE_BUILD_TYPE=Release'],
      ...(program.build?.flags ?? []),
      ...(needsCuda ? (program.build?.gpuFlags ?? []) : []),
      ...cmake_flags,
      ...(generator === undefined ? [] : ['-G', generator]),
    ],
  };
}

function buildStep({ program }: Setup, build: string, jobs: number): Step {
  const target = program.build?.target ?? program.name;
  const output = join(build, program.build?.output ?? program.name);
  const command = ['cmake', '--build', build, '--config', 'Release', '--target', target, '--parallel', String(jobs)];
  return { kind: 'cmake-build', detail: `build ${output}`, command, program: output };
}
