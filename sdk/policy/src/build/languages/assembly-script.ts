import { type PolicyManifest } from '../../abi.js';
import { PolicyBuildError } from '../build-error.js';
import { importFrom } from './tools.js';

interface AssemblyScriptGlue {
  readonly compile: (folder: string, entry: string, manifest: PolicyManifest) => Promise<Uint8Array<ArrayBuffer>>;
}

/** A module from AssemblyScript. @throws PolicyBuildError with what the compiler says */
export async function fromAssemblyScript(
  folder: string,
  entry: string,
  manifest: PolicyManifest,
): Promise<Uint8Array<ArrayBuffer>> {
  const { compile } = (await importFrom(folder, '@llama-orch/policy-as/build')) as AssemblyScriptGlue;
  try {
    return await compile(folder, entry, manifest);
  } catch (error) {
    throw new PolicyBuildError((error as Error).message, { cause: error });
  }
}
