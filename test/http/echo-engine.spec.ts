import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PluginReport, type PoolHealth, type TaskAccepted } from '@llama-orch/client';
import { ROOT } from '../architecture/source-file.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { Events, terminalOf, textOf } from '../support/read-events.js';

const FOLDER = join(ROOT, 'examples/echo-engine');
const TEMPLATE = join(ROOT, 'sdk/plugin/templates/engine');

async function get<Body>(url: string): Promise<Body> {
  return (await (await fetch(url)).json()) as Body;
}

/** What the compiler says to the JavaScript of these packages, with the types in its comments. */
function typeErrors(folders: readonly string[]): string {
  const files = folders.flatMap((folder) => [join(folder, 'src/index.mjs'), join(folder, 'test/conformance.test.mjs')]);
  const flags =
    '--ignoreConfig --allowJs --checkJs --strict --noEmit --skipLibCheck --module nodenext --target es2023 --types node';
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, ...flags.split(' '), ...files], { cwd: ROOT, encoding: 'utf8' }).stdout;
}

describe('the echo engine, a package beside the daemon', () => {
  it('passes the whole kit by its own test, and publishes what the kit found (ORCH-4507)', () => {
    const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
      ...{ cwd: FOLDER, encoding: 'utf8', env: {} },
    });
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(status).toBe(0);
    const report = JSON.parse(readFileSync(join(FOLDER, 'CONFORMANCE.json'), 'utf8')) as {
      runs: { checks: { result: string; reason?: string }[] }[];
    };
    const checks = report.runs.flatMap((run) => run.checks);
    expect(checks.filter(({ result }) => result === 'passed').length).toBeGreaterThan(25);
    for (const { result, reason } of checks) expect(result === 'skipped').toBe(reason !== undefined);
  });

  it('is loaded by the daemon from its folder, and answers (ORCH-4701)', async () => {
    const daemon = await Daemon.start(join(ROOT, 'examples/echo-engine.yaml'));
    const { items } = await get<PluginReport>(`${daemon.url}/v1/plugins`);
    expect(items).toContainEqual(
      expect.objectContaining({ kind: 'engine-adapter', id: 'echo', package: './echo-engine', state: 'loaded' }),
    );
    await eventually(async () => {
      expect((await get<PoolHealth>(`${daemon.url}/v1/pools/echo/health`)).ready).toBe(true);
    });
    const task = { workload: 'completion', model_ref: 'echo', priority: 'interactive', prompt: 'a frog jumps in' };
    const answer = await fetch(`${daemon.url}/v1/tasks`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ ...task, max_tokens: 16 }),
    });
    expect(answer.status).toBe(202);
    const { stream } = (await answer.json()) as TaskAccepted;
    const frames = await (await Events.open(daemon.url + stream)).rest();
    expect(textOf(frames)).toBe('a frog jumps in ');
    expect(terminalOf(frames).data).toMatchObject({ tokens_out: 4, finish_reason: 'stop' });
  });

  it('has types that hold, as the package has that new adapters begin with (ORCH-4507)', () => {
    expect(typeErrors([FOLDER, TEMPLATE])).toBe('');
  });
});
