import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { PluginHost, type PluginSource } from './plugin-host.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-plugins-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Facts {
  readonly manifest?: object;
  /** Members of the plugin, as code. */
  readonly code?: string;
  /** The whole entry module. */
  readonly module?: string;
}

let count = 0;

/** Writes a plugin package; answers the path that a configuration names it by. */
function plugin({ manifest = {}, code = '', module }: Facts = {}): string {
  const name = `plugin-${count++}`;
  mkdirSync(join(folder, name));
  const llamaOrch = { kind: 'placement-strategy', id: 'acme', apiVersion: '^1.0.0', ...manifest };
  writeFileSync(
    join(folder, name, 'package.json'),
    JSON.stringify({ name, version: '2.3.4', type: 'module', llamaOrch }),
  );
  const strictZones = `{ safeParse: (value) => Object.keys(value).every((key) => key === 'zones')
    ? { success: true, data: value }
    : { success: false, error: { issues: [{ code: 'unrecognized_keys', keys: Object.keys(value), path: [], message: 'unknown option ' + Object.keys(value) }] } } }`;
  const text = `export default {
    kind: 'placement-strategy', id: 'acme', version: '2.3.4', apiVersion: '^1.0.0',
    options: ${strictZones},
    create: (options, context) => { context.log('info', 'made', { options }); return { rank: () => [], options }; },
    ${code}
  };`;
  writeFileSync(join(folder, name, 'index.js'), module ?? text);
  return `./${name}`;
}

const source = (path: string, members: Partial<PluginSource> = {}): PluginSource => ({
  package: path,
  options: {},
  optional: false,
  ...members,
});

function host() {
  const clock = new FakeClock();
  const logger = new QuietLogger();
  return { clock, logger, plugins: new PluginHost(clock, logger, folder) };
}

describe('loading plugins', () => {
  it('registers what a package provides and reports it', async () => {
    const { plugins } = host();
    const path = plugin();
    await plugins.load([source(path)]);
    expect(plugins.ids('placement-strategy')).toEqual(['acme']);
    expect(plugins.ids('engine-adapter')).toEqual([]);
    expect(plugins.report).toEqual([
      { package: path, kind: 'placement-strategy', id: 'acme', version: '2.3.4', state: 'loaded', tookMs: 0 },
    ]);
  });

  it.each<readonly [string, () => PluginSource, RegExp]>([
    [
      'was written for other contracts, naming both versions',
      () => source(plugin({ manifest: { apiVersion: '^9.0.0' } })),
      /\^9\.0\.0.*1\.0\.0/,
    ],
    [
      'is not what its manifest says',
      () => source(plugin({ code: `id: 'other',` })),
      /manifest says placement-strategy "acme".*"other"/,
    ],
    [
      'is not the one that the config expects',
      () => source(plugin(), { id: 'zebra' }),
      /config expects id "zebra", it provides "acme"/,
    ],
    ['exports no plugin', () => source(plugin({ module: 'export default 7;' })), /default export is no plugin/],
    ['breaks while it is imported', () => source(plugin({ module: 'throw new Error("boom");' })), /boom/],
    ['is not there', () => source('./nowhere'), /holds no package\.json/],
    ['is not installed', () => source('@acme/not-installed'), /npm install @acme\/not-installed/],
  ])('stops the start when one %s', async (_what, made, words) => {
    const { plugins } = host();
    const broken = made();
    const failure = await plugins.load([broken]).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure?.message).toMatch(words);
    expect(failure?.message).toContain(`plugin ${broken.package}: `);
    expect(plugins.report).toEqual([expect.objectContaining({ package: broken.package, state: 'failed' })]);
  });

  it('runs no code of a plugin whose manifest is refused', async () => {
    const { plugins } = host();
    const path = plugin({ manifest: { apiVersion: '^9.0.0' }, module: 'globalThis.acmeRan = true; export default 1;' });
    await expect(plugins.load([source(path)])).rejects.toThrow();
    expect('acmeRan' in globalThis).toBe(false);
  });

  it('goes on without an optional one, and says so', async () => {
    const { plugins, logger } = host();
    await plugins.load([source('./nowhere', { optional: true }), source(plugin())]);
    expect(plugins.report.map(({ state }) => state)).toEqual(['failed', 'loaded']);
    expect(logger.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('./nowhere') }),
    ]);
  });

  it('refuses the same id twice', async () => {
    const { plugins } = host();
    await expect(plugins.load([source(plugin()), source(plugin())])).rejects.toThrow('"acme" is loaded already');
  });
});

describe('making what a plugin provides', () => {
  const loaded = async (facts: Facts = {}, options: PluginSource['options'] = {}) => {
    const made = host();
    await made.plugins.load([source(plugin(facts), { options })]);
    return made;
  };

  it('lays the options of the place over those of the plugin entry', async () => {
    const { plugins, logger } = await loaded(
      { code: 'options: { safeParse: (data) => ({ success: true, data }) },' },
      { a: 1, b: 1 },
    );
    const made = await plugins.create('placement-strategy', 'acme', { b: 2 });
    expect(made).toMatchObject({ options: { a: 1, b: 2 } });
    expect(logger.of('plugin')).toEqual([
      expect.objectContaining({
        message: 'made',
        fields: { options: { a: 1, b: 2 }, plugin: 'acme', kind: 'placement-strategy' },
      }),
    ]);
  });

  it('refuses options that the plugin does not know, naming plugin and option', async () => {
    const { plugins } = await loaded();
    await expect(plugins.create('placement-strategy', 'acme', { zoens: 1 })).rejects.toThrow(
      /placement-strategy "acme".*zoens/s,
    );
  });

  it('offers the nearest id, or all of them', async () => {
    const { plugins } = await loaded();
    await expect(plugins.create('placement-strategy', 'acmee', {})).rejects.toThrow('did you mean "acme"?');
    await expect(plugins.create('placement-strategy', 'zzzzzz', {})).rejects.toThrow('loaded are: acme');
    await expect(plugins.create('queue-discipline', 'acme', {})).rejects.toThrow('loaded are: none');
  });

  it('does not wait for ever, and leaves no timer', async () => {
    const { plugins, clock } = await loaded({ code: 'create: () => new Promise(() => {}),' });
    const making = plugins.create('placement-strategy', 'acme', {});
    const failed = expect(making).rejects.toThrow('"acme" was not created within 10000 ms');
    await settle();
    clock.leap(10_000);
    await failed;
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['throws', `create: () => { throw new Error('no licence'); },`],
    ['rejects', `create: () => Promise.reject(new Error('no licence')),`],
  ])('names the plugin when it %s, and keeps the cause', async (_how, code) => {
    const { plugins, clock } = await loaded({ code });
    const failure = await plugins.create('placement-strategy', 'acme', {}).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure?.message).toMatch(/placement-strategy "acme".*no licence/);
    expect(failure?.cause).toMatchObject({ message: 'no licence' });
    expect(clock.pending).toBe(0);
  });
});
