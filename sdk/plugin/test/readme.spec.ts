import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  engineKit,
  gpuKit,
  placementKit,
  queueKit,
  runKit,
  type CheckResult,
  type EngineFixture,
  type EngineWire,
} from '../src/conformance/index.js';

const packageFolder = join(import.meta.dirname, '..');
const fixture: EngineFixture = {
  prompts: {
    short: { type: 'text', text: 'hello there' },
    endless: { type: 'text', text: 'go on forever and ever' },
  },
  startEngine: () => ({
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      model: { ref: 'echo', id: 'echo' },
      slots: 2,
      contextTokens: 512,
      loadTimeoutMs: 5_000,
    },
  }),
};

/** The plugin that the README shows under this name, loaded as a module of its own. */
async function loadExample(name: string): Promise<{ default: never }> {
  const source = await blockOf(name);
  // Inside the package, so that the example finds it by its name.
  const folder = await mkdtemp(join(packageFolder, 'dist', 'readme-'));
  try {
    const file = join(folder, `${name}.mjs`);
    await writeFile(file, stripTypeScriptTypes(source));
    return (await import(pathToFileURL(file).href)) as { default: never };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The code block that has this name behind its language. */
async function blockOf(name: string): Promise<string> {
  const readme = await readFile(join(packageFolder, 'README.md'), 'utf8');
  const source = new RegExp(`\`\`\`(?:ts|js) ${name}\n(.*?)\`\`\``, 's').exec(readme)?.[1];
  if (source === undefined) throw new Error(`the README has no block "${name}"`);
  return source;
}

/** Writes the guide's adapter and its test as a reader would, and runs the test. */
async function runGuide(): Promise<{ code: number | null; output: string }> {
  const folder = await mkdtemp(join(packageFolder, 'dist', 'guide-'));
  try {
    for (const [path, name] of [
      ['src/index.mjs', 'engine'],
      ['test/conformance.test.mjs', 'fixture'],
    ] as const) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), await blockOf(name));
    }
    const { status, stdout } = spawnSync(process.execPath, ['--test'], { cwd: folder, encoding: 'utf8', env: {} });
    return { code: status, output: stdout };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function failuresOf(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.filter(({ type }) => type === 'failed');
}

describe('the examples of the README', () => {
  it('show an engine adapter that passes its kit (ORCH-4507)', async () => {
    const results = await runKit(engineKit((await loadExample('engine')).default, fixture));
    expect(failuresOf(results)).toEqual([]);
    expect(results.filter(({ type }) => type === 'passed').length).toBeGreaterThan(20);
  });

  it('show its test, which passes in a package that has nothing but Node and the SDK (ORCH-4507)', async () => {
    const { code, output } = await runGuide();
    expect(output).toMatch(/(?:ℹ|#) fail 0\n/);
    expect(code).toBe(0);
  });

  it('describe the wire of an engine that the kit can play, and show an adapter that stands it (ORCH-4507)', async () => {
    const { default: wire } = (await loadExample('wire')) as { default: EngineWire };
    const { default: adapter } = await loadExample('http');
    const results = await runKit(engineKit(adapter, { prompts: fixture.prompts, wire }));
    expect(failuresOf(results)).toEqual([]);
    expect(results.filter(({ type }) => type === 'passed').length).toBeGreaterThan(40);
  });

  it('show a GPU probe that passes its kit (ORCH-4701)', async () => {
    const startSource = () => ({ options: { gib: 12 } });
    expect(failuresOf(await runKit(gpuKit((await loadExample('gpu')).default, { startSource })))).toEqual([]);
  });

  it('show a placement strategy that passes its kit (ORCH-4701)', async () => {
    expect(failuresOf(await runKit(placementKit((await loadExample('placement')).default)))).toEqual([]);
  });

  it('show a queue discipline that passes its kit (ORCH-4402)', async () => {
    expect(failuresOf(await runKit(queueKit((await loadExample('queue')).default)))).toEqual([]);
  });
});
