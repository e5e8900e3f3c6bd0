import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HOST_MODULE, MANIFEST_SECTION, type PolicyManifest } from '../../abi.js';
import { goldenTest } from '../../events/golden-test.js';
import { PolicyBuildError } from '../build-error.js';
import { buildPolicy, type BuiltPolicy } from '../build-policy.js';
import { customSection, joinModule, splitModule } from '../wasm-file.js';
import { fromAssemblyScript } from './assembly-script.js';
import { fromC } from './c.js';
import { manifestOf, type PolicyPackage, readPolicyPackage } from './policy-package.js';
import { fromWat } from './wat.js';

/** Compilers of languages that cannot describe themselves: the manifest is given to them. */
const COMPILERS = { as: fromAssemblyScript, c: fromC, wat: fromWat } as const;

/**
 * Builds the policy in a folder, whatever it is written in: policy.json says which language, cases.json which cases the
 * module carries. @throws PolicyBuildError for the author
 */
export async function buildPackage(folder: string, outfile?: string): Promise<BuiltPolicy> {
  const read = await readPolicyPackage(folder);
  if (read.language !== 'ts') return compiled(read, COMPILERS[read.language], outfile);
  const { source } = read.facts;
  const options = { entry: join(folder, read.entry), cases: read.golden, ...(source ? { source } : {}) };
  return buildPolicy({ ...options, ...(outfile === undefined ? {} : { outfile }) });
}

type Compiler = (folder: string, entry: string, manifest: PolicyManifest) => Promise<Uint8Array<ArrayBuffer>>;

async function compiled(read: PolicyPackage, compile: Compiler, outfile: string | undefined): Promise<BuiltPolicy> {
  const started = performance.now();
  const manifest = { ...manifestOf(read), tests: read.golden.map(goldenTest) };
  const module = await compile(read.folder, read.entry, manifest);
  const problem = problemOf(new WebAssembly.Module(module), manifest);
  if (problem !== undefined) throw new PolicyBuildError(`${read.entry}: ${problem}`);
  const wasm = withManifest(module, manifest);
  if (outfile !== undefined) {
    await mkdir(dirname(outfile), { recursive: true });
    await writeFile(outfile, wasm);
  }
  const digest = `sha256:${createHash('sha256').update(wasm).digest('hex')}`;
  return { wasm, digest, manifest, bytes: wasm.length, ms: performance.now() - started };
}

/** The module with its manifest where it can be read without running it. */
export function withManifest(module: Uint8Array, manifest: PolicyManifest): Uint8Array<ArrayBuffer> {
  const content = new TextEncoder().encode(JSON.stringify(manifest));
  return joinModule([...splitModule(module), customSection(MANIFEST_SECTION, content)]);
}

/** Said here, where the author sees it, and not at the first load. */
function problemOf(module: WebAssembly.Module, { hooks, capabilities }: PolicyManifest): string | undefined {
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  const missing = hooks.find((hook) => !exported.includes(hook));
  if (missing !== undefined) return `it exports no ${missing}, which policy.json names among its hooks`;
  const asked = WebAssembly.Module.imports(module).filter((one) => one.module === HOST_MODULE);
  const unnamed = asked.find(({ name }) => !capabilities.includes(name));
  return unnamed === undefined ? undefined : `it uses ${unnamed.name}; add it to capabilities in policy.json`;
}
