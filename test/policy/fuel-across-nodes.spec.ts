import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, 'fuel-table.mjs');
/** Paths of node executables, with colons between them. */
const others = (process.env.LLORCH_NODES ?? '').split(':').filter((path) => path !== '');

async function fuelTable(node: string): Promise<Record<string, string>> {
  const { stdout } = await run(node, ['--no-warnings', SCRIPT], { env: {} });
  return JSON.parse(stdout) as Record<string, string>;
}

describe('the same policy and the same event take the same fuel, and make the same module (OC-POLICY-4001)', () => {
  let here: Record<string, string>;
  beforeAll(async () => (here = await fuelTable(process.execPath)), 300_000);

  it('for all cases of all ready policies', () => {
    expect(Object.keys(here).length).toBeGreaterThan(150);
    for (const [name, row] of Object.entries(here))
      expect([name, row]).toEqual([name, expect.stringMatching(/ \d+$|^sha256:/)]);
  });

  it('in another process', async () => expect(await fuelTable(process.execPath)).toEqual(here), 300_000);

  const compare = others.length > 0 ? it : it.skip;
  const versions = others.length > 0 ? others : ['other versions of Node (skipped: LLORCH_NODES names none)'];
  compare.each(versions)('by %s', async (node) => expect(await fuelTable(node)).toEqual(here), 300_000);
});
