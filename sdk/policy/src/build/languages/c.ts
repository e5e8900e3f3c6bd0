import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PolicyManifest } from '../../abi.js';
import { PolicyBuildError } from '../build-error.js';
import { firstThatRuns, runTool } from './tools.js';

/** Where `llama_orch_policy.h` lies. */
const INCLUDE = fileURLToPath(new URL('../../../include', import.meta.url));
const COMPILE = [
  '--target=wasm32-unknown-unknown',
  '-O2',
  '-ffreestanding',
  '-fno-builtin',
  '-mbulk-memory',
  '-Wall',
  '-c',
];
const LINK = ['--no-entry', '--strip-all', '--gc-sections', '-z', 'stack-size=16384'];
/** As Debian and others name them. */
const VERSIONS = ['', ...Array.from({ length: 12 }, (_, index) => `-${22 - index}`)];

export interface CTools {
  readonly clang: string;
  readonly linker: string;
}

/** Compiler and linker for WebAssembly; undefined when they are not installed. */
export async function cTools(): Promise<CTools | undefined> {
  const clang = await firstThatRuns(
    VERSIONS.map((version) => `clang${version}`),
    ['--print-targets'],
    /\bwasm32\b/,
  );
  const linker = await firstThatRuns(
    VERSIONS.map((version) => `wasm-ld${version}`),
    ['--version'],
    /LLD/,
  );
  return clang === undefined || linker === undefined ? undefined : { clang, linker };
}

/** A module from one C file. @throws PolicyBuildError with what the compiler says */
export async function fromC(folder: string, entry: string, manifest: PolicyManifest): Promise<Uint8Array<ArrayBuffer>> {
  const tools = await cTools();
  if (tools === undefined) {
    throw new PolicyBuildError(
      'There is no clang with a linker for WebAssembly; install them, on Debian: apt-get install --no-install-recommends clang lld',
    );
  }
  const place = await mkdtemp(join(tmpdir(), 'llama-orch-policy-'));
  try {
    return await linked(tools, place, join(folder, entry), manifest);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function linked({ clang, linker }: CTools, place: string, source: string, manifest: PolicyManifest) {
  const [describe, objects, out] = [
    join(place, 'describe.c'),
    ['policy.o', 'describe.o'].map((name) => join(place, name)),
    join(place, 'policy.wasm'),
  ];
  await writeFile(describe, describeSource(manifest));
  for (const [index, file] of [source, describe].entries()) {
    await runTool(clang, [...COMPILE, `-I${INCLUDE}`, '-o', objects[index] ?? '', file]);
  }
  await runTool(linker, [...LINK, ...objects, '-o', out]);
  return new Uint8Array(await readFile(out));
}

function describeSource(manifest: PolicyManifest): string {
  const bytes = Buffer.from(JSON.stringify(manifest));
  return `#include "llama_orch_policy.h"
static const char manifest[] = {${[...bytes].map((byte) => `'\\x${byte.toString(16).padStart(2, '0')}'`).join(',')}};
LO_HOOK(describe) { return lo_answer((lo_text){manifest, sizeof manifest}); }
`;
}
