import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  engineKit,
  placementKit,
  queueKit,
  runKit,
  type CheckResult,
  type EngineFixture,
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
  const readme = await readFile(join(packageFolder, 'README.md'), 'utf8');
  const source = new RegExp(`\`\`\`ts ${name}\n(.*?)\`\`\``, 's').exec(readme)?.[1] ?? '';
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

function failuresOf(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.filter(({ type }) => type === 'failed');
}

describe('the examples of the README', () => {
  it('show an engine adapter that passes its kit (ORCH-4507)', async () => {
    const results = await runKit(engineKit((await loadExample('engine')).default, fixture));
    expect(failuresOf(results)).toEqual([]);
    expect(results.filter(({ type }) => type === 'passed').length).toBeGreaterThan(20);
  });

  it('show a placement strategy that passes its kit (ORCH-4701)', async () => {
    expect(failuresOf(await runKit(placementKit((await loadExample('placement')).default)))).toEqual([]);
  });

  it('show a queue discipline that passes its kit (ORCH-4402)', async () => {
    expect(failuresOf(await runKit(queueKit((await loadExample('queue')).default)))).toEqual([]);
  });
});
