import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/index.js';
import { Contract, CONTRACTS } from '../contract/support/openapi.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { brokenLinks, codeBlocksOf, headingsOf, proseOf, tableRowsOf } from './documents.js';
import { FLOORS } from './floors.js';
import { filesAtTop, filesIn, ROOT, type SourceFile } from './source-file.js';

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly optionalDependencies?: object;
}

const KNOWN_LANGUAGES = ['sh', 'yaml', 'mermaid'];
const LINE_CAPS = { 'README.md': 150, 'ARCHITECTURE.md': 130 } as const;
const DECISION_LINES = 60;
const NPM_SCRIPT = /^npm (?:run )?([\w-]+)/;
const NPM_COMMANDS = ['ci', 'install'];

const top = filesAtTop('.md');
const decisions = filesIn(['docs/decisions'], '.md');
const everywhere = [...top, ...filesIn(['docs', 'sdk', 'plugins', 'examples', 'contracts', 'src', 'test'], '.md')];
const blocks = top.flatMap(codeBlocksOf);
const manifest = manifestOf('.');

function named(path: string): SourceFile {
  const found = top.find((file) => file.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

let home: string;
beforeAll(() => (home = mkdtempSync(join(tmpdir(), 'llama-orch-docs-'))));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('links', () => {
  it.each(everywhere)('of $path lead somewhere', (file) => expect(brokenLinks(file)).toEqual([]));

  it.each([
    ['no file', '[a](nowhere.md)'],
    ['no heading', '[a](#nowhere)'],
    ['no heading of another file', '[a](README.md#nowhere)'],
    ['a place outside', '[a](../other/README.md)'],
  ])('to %s are found', (_what, text) => {
    expect(brokenLinks({ path: 'a.md', text: `# Here\n\n${text}\n` })).toHaveLength(1);
  });

  it('to headings, folders and the web are fine', () => {
    const text = '# Go on: here!\n\n[a](#go-on-here) [b](docs) [c](https://example.org/x) [d](README.md#limits)\n';
    expect(brokenLinks({ path: 'a.md', text })).toEqual([]);
  });
});

describe('code blocks', () => {
  it.each(blocks)('at $at are of a kind that is tried out', ({ language }) => {
    expect(KNOWN_LANGUAGES).toContain(language);
  });

  it.each(blocks.filter(({ language }) => language === 'yaml'))(
    'at $at are a config that the strict reader accepts (OC-CONFIG-6002)',
    ({ text }) => {
      const config = join(home, 'llama-orch.yaml');
      writeFileSync(config, text);
      expect(loadConfig({ flags: { config }, env: {}, cwd: home }).warnings).toEqual([]);
    },
  );

  const scripts = blocks.flatMap(({ at, text }) =>
    text.split('\n').flatMap((line) => ({ at, script: NPM_SCRIPT.exec(line)?.[1] ?? '' })),
  );
  it.each(scripts.filter(({ script }) => script !== '' && !NPM_COMMANDS.includes(script)))(
    'at $at run npm script $script, which is there',
    ({ script }) => expect(Object.keys(manifest.scripts ?? {})).toContain(script),
  );
});

describe('README.md', () => {
  const readme = named('README.md');
  const [first, ...later] = codeBlocksOf(readme).filter(({ language }) => language === 'sh');

  it('begins with the two commands', () => {
    const commands = first?.text.split('\n').map((line) => NPM_SCRIPT.exec(line)?.[0]);
    expect(commands?.filter(Boolean)).toEqual(['npm run quickstart', 'npm test']);
    expect(readme.text.indexOf('```sh')).toBeLessThan(40);
  });

  it('sends bodies that the contract accepts (ORCH-2001)', () => {
    const validate = new Contract('data').schema('CreateTask');
    const bodies = later.flatMap(({ text }) => [...text.matchAll(/-d '([^']+)'/g)].map(([, body = '']) => body));
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies) {
      validate(JSON.parse(body));
      expect(validate.errors).toBeNull();
    }
  });

  it('shows commands that do what it says, in their order (ORCH-2001, ORCH-2002, ORCH-2003, ORCH-4202)', async () => {
    const daemon = await Daemon.start(parse(readFileSync(join(ROOT, 'examples/minimal.yaml'), 'utf8')) as object);
    await untilReady(daemon.url);
    const outputs: string[] = [];
    for (const { at, text } of later) outputs.push(await shell(at, text, daemon.url));
    const [serve, submit, follow, resume, end, cli, model, config, simulation] = outputs;
    expect(serve).toContain('the config is valid');
    expect(submit).toMatch(/"queue_position":0.*"predicted_start_ms":/);
    expect(follow).toMatch(/^id: 1\nevent: started\n.*\nevent: token\n.*\nevent: end\n[^\n]+\n\n$/s);
    // Five frames before the cut and the others after it are the whole stream.
    expect(resume).toBe(follow);
    expect(end).toContain('"state":"completed"');
    expect(cli).toMatch(/default\s+ready\s+embedded/);
    expect(model).toContain('the config is valid');
    expect(simulation).toMatch(/^mixed, 5000 tasks, seed 1\n.*Promises kept\n/s);
    expect(config).toMatch(/two-pools\.yaml is valid.*lorch_laptop_[\w-]+.*hmac-sha256:/s);
  }, 60_000);

  it('names routes that are there (ORCH-3044-v31)', () => {
    expect(unknownRoutes(readme)).toEqual([]);
    expect(unknownRoutes({ path: 'a.md', text: 'see `/v1/nowhere` and `/v1/pools`' })).toEqual(['/v1/nowhere']);
  });
});

describe('ARCHITECTURE.md', () => {
  const map = named('ARCHITECTURE.md');

  it('has every room of src/ on the floor where the rule has it', () => {
    const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const floors = tableRowsOf(map).filter(([floor = '']) => /^\d+$/.test(floor));
    const drawn = floors.flatMap(([floor, names = '']) =>
      [...names.matchAll(/\]\(src\/([\w-]+)\)/g)].map(([, room]) => `${room} ${floor}`),
    );
    const ruled = rooms.map(({ name }) => `${name} ${FLOORS.findIndex((floor) => floor.includes(name))}`);
    expect(drawn.sort()).toEqual(ruled.sort());
  });

  it('names every plugin', () => {
    for (const name of readdirSync(join(ROOT, 'plugins'))) expect(map.text).toContain(`plugins/${name}/README.md`);
  });
});

describe('CONTRIBUTING.md', () => {
  it('explains every script of package.json', () => {
    const explained = tableRowsOf(named('CONTRIBUTING.md')).flatMap(
      ([name = '']) => /^`npm (?:run )?([\w-]+)`$/.exec(name)?.[1] ?? [],
    );
    expect(explained.sort()).toEqual(Object.keys(manifest.scripts ?? {}).sort());
  });
});

describe('DEPENDENCIES.md', () => {
  it('gives each direct dependency one line, and no line to anything else', () => {
    const folders = ['sdk', 'plugins'].flatMap((parent) =>
      readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`),
    );
    const direct = ['.', ...folders].map(manifestOf).flatMap((one) => {
      const names = { ...one.dependencies, ...one.devDependencies, ...one.optionalDependencies };
      return Object.keys(names).filter((name) => !name.startsWith('@llama-orch/'));
    });
    const lines = tableRowsOf(named('DEPENDENCIES.md')).map(([name = '']) => name.replaceAll('`', ''));
    expect(lines.sort()).toEqual(direct.sort());
  });
});

describe('CHANGELOG.md', () => {
  const log = named('CHANGELOG.md');
  it('begins with what is unreleased', () => expect(headingsOf(log, 2)[0]).toBe('Unreleased'));
  it('names routes that are there', () => expect(unknownRoutes(log)).toEqual([]));
});

describe('decision records', () => {
  it('are numbered without a gap', () => {
    const numbers = decisions.map(({ path }) => Number(/\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(0);
  });

  it.each(decisions)('$path has context, decision and consequences, on one page', (record) => {
    const number = Number(/(\d{4})-/.exec(record.path)?.[1]);
    expect(headingsOf(record, 1)).toEqual([expect.stringMatching(new RegExp(`^${number}\\. \\S`))]);
    expect(headingsOf(record, 2)).toEqual(['Context', 'Decision', 'Consequences']);
    const parts = record.text.split(/^## .+$/m).slice(1);
    for (const part of parts) expect(part.trim().length).toBeGreaterThan(100);
    expect(linesOf(record)).toBeLessThanOrEqual(DECISION_LINES);
  });
});

it.each(Object.entries(LINE_CAPS))('%s has at most %i lines', (path, cap) => {
  expect(linesOf(named(path))).toBeLessThanOrEqual(cap);
});

function linesOf({ text }: SourceFile): number {
  return text.split('\n').length - 1;
}

/** Paths of the API in a text that no contract has. */
function unknownRoutes(file: SourceFile): string[] {
  const known = CONTRACTS.flatMap(({ document }) => Object.keys(document.paths)).map(
    (path) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  );
  const paths = proseOf(file).match(/\/(?:v1|openapi|problems)\/[\w./{}-]*[\w}]/g) ?? [];
  return paths.filter((path) => !known.some((pattern) => pattern.test(path)));
}

async function untilReady(url: string): Promise<void> {
  await eventually(async () => {
    const { items } = (await (await fetch(`${url}/v1/pools`)).json()) as { items: { ready: boolean }[] };
    expect(items.map(({ ready }) => ready)).toEqual([true]);
  });
}

/** Runs a block as a reader would, against this daemon; `serve` only checks its config. Answers stdout and stderr. */
async function shell(at: string, text: string, url: string): Promise<string> {
  const script = text
    .replaceAll('http://127.0.0.1:8080', url)
    .replaceAll(/^(.*llama-orch\.mjs serve.*)$/gm, '$1 --check');
  const child = spawn('sh', ['-eu', '-c', `exec 2>&1\n${script}`], {
    cwd: ROOT,
    env: { PATH: pathWithCurl(), HOME: home, LLORCH_URL: url, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (output += piece));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${at} ends with ${code}: ${output}`);
  return output;
}

/** A path whose `curl` is there on every machine, and whose `node` is the one that runs the tests. */
function pathWithCurl(): string {
  const curl = join(home, 'curl');
  const script = join(ROOT, 'test/support/tiny-curl.mjs');
  if (!existsSync(curl)) writeFileSync(curl, `#!/bin/sh\nexec node '${script}' "$@"\n`, { mode: 0o755 });
  return [home, dirname(process.execPath), process.env['PATH']].join(delimiter);
}
