import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { importsOf, type SourceFile } from './source-file.js';

export interface PackageManifest {
  /** Folder of the package from the root: `plugins/engine-mock`. */
  readonly folder: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const SDKS = ['@llama-orch/plugin-sdk', '@llama-orch/policy-sdk'];
/** A discipline may be laid over another one that it names as its dependency. */
const DISCIPLINE = /^@llama-orch\/queue-[a-z-]+$/;

/**
 * Imports of the packages in `sdk/`, `plugins/` and `policies/` that a stranger's package could not have: files outside its
 * folder, packages that it does not declare, and of ours anything but the SDKs and queue disciplines.
 */
export function packageViolations(manifest: PackageManifest, files: readonly SourceFile[]): string[] {
  const declared = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
  return files
    .filter(({ path }) => path.startsWith(`${manifest.folder}/`))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier, target }) => !mayImport(manifest.folder, declared, specifier, target))
        .map(({ specifier }) => `${file.path} imports ${specifier}: ${manifest.folder} must not see it`),
    );
}

function mayImport(folder: string, declared: object, specifier: string, target: string | undefined): boolean {
  if (target !== undefined) return !posix.relative(folder, target).startsWith('..');
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return true;
  const name = packageName(specifier);
  return (
    Object.hasOwn(declared, name) && (SDKS.includes(name) || DISCIPLINE.test(name) || !name.startsWith('@llama-orch/'))
  );
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
