import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { programText } from '../../../test/fixtures/policy/program-text.js';
import { programs } from '../../../test/fixtures/policy/random-program.js';
import { wasmOf } from '../../../test/support/wat.js';

const SCRIPT = join(import.meta.dirname, '../../../test/fixtures/policy/fuel-of.mjs');
const MODULES = 40;
const SEED = 3;
/** Executables of other Nodes, as in PATH. */
const others = (process.env['LLORCH_NODES'] ?? '').split(delimiter).filter((path) => path !== '');

interface Found {
  readonly calls: readonly { readonly result: unknown; readonly fuel: number }[];
  readonly interpreter: { readonly result: string; readonly fuel: number };
}

let folder: string;
let files: string[];
let own: Found;

function foundBy(node: string): Found {
  return JSON.parse(execFileSync(node, [SCRIPT, ...files], { encoding: 'utf8' })) as Found;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-fuel-'));
  const texts = fc.sample(programs, { numRuns: MODULES, seed: SEED }).map((program) => programText(program, false));
  const modules = await Promise.all(texts.map((text) => wasmOf(text, { manifest: {} })));
  files = modules.map((bytes, index) => {
    const path = join(folder, `${index}.wasm`);
    writeFileSync(path, bytes);
    return path;
  });
  own = foundBy(process.execPath);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('is the same fuel in another process of this Node (OC-POLICY-4001)', () => {
  expect(foundBy(process.execPath)).toEqual(own);
  expect(own.interpreter.fuel).toBeGreaterThan(100_000);
  expect(new Set(own.calls.map(({ fuel }) => fuel)).size).toBeGreaterThan(MODULES / 4);
});

const compare = others.length > 0 ? it : it.skip;
const versions = others.length > 0 ? others : ['others: LLORCH_NODES names no executables of them'];
compare.each(versions)('is the same fuel, to the last unit, under %s (OC-POLICY-4001)', (node) => {
  expect(foundBy(node)).toEqual(own);
});
