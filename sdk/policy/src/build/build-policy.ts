import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { LANGUAGE_SECTION, MANIFEST_SECTION, type PolicyManifest } from '../abi.js';
import { type PolicyCase } from '../define-policy.js';
import { goldenTest } from '../events/golden-test.js';
import { loadBase } from './base.js';
import { bundle } from './bundle.js';
import { BuildInstance } from './evaluate.js';
import { moduleFrom } from './snapshot.js';
import { customSection } from './wasm-file.js';

export interface BuildOptions {
  /** File whose default export is a policy of `definePolicy`. */
  readonly entry: string;
  /** Where the module is written; without it, it is only handed back. */
  readonly outfile?: string;
  /** Cases beside those of the policy, such as those of its cases.json; all of them go into the module. */
  readonly cases?: readonly PolicyCase[];
  /** Over what the policy says of itself. */
  readonly source?: PolicyManifest['source'];
  readonly fuelHint?: number;
}

export interface BuiltPolicy {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** `sha256:<hex>`; the same sources give the same digest. */
  readonly digest: string;
  readonly manifest: PolicyManifest;
  readonly bytes: number;
  readonly ms: number;
}

/**
 * Makes a module of a policy in TypeScript: its bundle is evaluated once, and the module begins where that ended. Needs
 * no network and no other tools. @throws PolicyBuildError with file and line
 */
export async function buildPolicy({ entry, outfile, ...options }: BuildOptions): Promise<BuiltPolicy> {
  const started = performance.now();
  const script = await bundle(resolve(entry));
  const { manifest, wasm } = await makeModule(script, options);
  if (outfile !== undefined) {
    await mkdir(dirname(resolve(outfile)), { recursive: true });
    await writeFile(outfile, wasm);
  }
  const digest = `sha256:${createHash('sha256').update(wasm).digest('hex')}`;
  return { wasm, digest, manifest, bytes: wasm.length, ms: performance.now() - started };
}

/** All hooks, whichever the policy has: the code of all policies is the same then, and hosts compile it once. */
const KEPT = ['memory', 'describe', 'validate_config', 'on_request', 'on_response', 'on_admission'];

type Additions = Pick<BuildOptions, 'cases' | 'source' | 'fuelHint'>;

/** The compiler leaves much behind in memory, so it works in an instance of its own. */
async function makeModule(
  script: string,
  additions: Additions,
): Promise<{ manifest: PolicyManifest; wasm: Uint8Array<ArrayBuffer> }> {
  const base = await loadBase();
  const bytecode = new BuildInstance(base).compile(script);
  const instance = new BuildInstance(base);
  instance.run(bytecode);
  const manifest = completed(JSON.parse(instance.ask('describe', '')) as Described, additions);
  const text = JSON.stringify(manifest);
  instance.ask('describe', text);
  const wasm = moduleFrom(base.bytes, {
    ...instance.snapshot(),
    keep: KEPT,
    hostFunctions: manifest.capabilities,
    custom: [section(MANIFEST_SECTION, text), section(LANGUAGE_SECTION, 'javascript')],
  });
  return { manifest, wasm };
}

type Described = Omit<PolicyManifest, 'tests'> & { readonly tests: readonly PolicyCase[] };

function completed(described: Described, { cases = [], source, fuelHint }: Additions): PolicyManifest {
  return {
    ...described,
    source: source ?? described.source,
    fuelHint: fuelHint ?? described.fuelHint,
    tests: [...described.tests, ...cases].map(goldenTest),
  };
}

function section(name: string, content: string) {
  return customSection(name, new TextEncoder().encode(content));
}
