/** Kinds of steps, in the order in which they come. */
export const STEP_KINDS = [
  'preflight-tools',
  'git-clone',
  'cmake-configure',
  'cmake-build',
  'image-pull',
  'package-install',
  'binary-fetch',
  'model-fetch',
  'run',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** An argument list: program first. Never a line for a shell. */
export type Command = readonly string[];

/** A program that other steps need; any of the names will do. */
export interface Tool {
  readonly name: string;
  readonly anyOf: readonly string[];
}

interface Base {
  /** What it does, for people. */
  readonly detail: string;
  /** Why the configuration does not let it happen. */
  readonly refused?: string;
}

/** A file that comes over the network and has to be the expected one. */
export interface Download {
  readonly url: string;
  readonly checksum: string;
  readonly file: string;
}

/** One step of getting or starting an engine. */
export type Step =
  | (Base & { readonly kind: 'preflight-tools'; readonly tools: readonly Tool[]; readonly mayInstall: boolean })
  | (Base & { readonly kind: 'git-clone'; readonly folder: string; readonly commands: readonly Command[] })
  | (Base & {
      readonly kind: 'cmake-configure';
      readonly build: string;
      readonly command: Command;
      /** The build has to find CUDA: it never becomes one for the CPU. */
      readonly needsCuda: boolean;
    })
  | (Base & { readonly kind: 'cmake-build'; readonly command: Command; readonly program: string })
  | (Base & { readonly kind: 'image-pull'; readonly image: string; readonly runtimes: readonly string[] })
  | (Base & {
      readonly kind: 'package-install';
      readonly program: string;
      readonly name: string;
      readonly version: string | undefined;
      readonly repo: string | undefined;
    })
  | (Base & {
      readonly kind: 'binary-fetch';
      readonly download: Download;
      /** Where the program is afterwards. */
      readonly program: string;
      readonly isArchive: boolean;
    })
  | (Base & { readonly kind: 'model-fetch'; readonly download: Download })
  | (Base & { readonly kind: 'run'; readonly replica: string; readonly command: Command });

/** What is to be done for a pool, from nothing to a running engine. */
export interface Plan {
  readonly pool_id: string;
  readonly steps: readonly Step[];
}

/** The argument lists that a step runs, as far as they are known before the machine is looked at. */
export function commandsOf(step: Step): readonly Command[] {
  if (step.kind === 'git-clone') return step.commands;
  if (step.kind === 'image-pull') return step.runtimes.slice(0, 1).map((runtime) => [runtime, 'pull', step.image]);
  return 'command' in step ? [step.command] : [];
}

export type StepOf<Kind extends StepKind> = Extract<Step, { readonly kind: Kind }>;
