import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyMatches } from '../kernel/key-hash.js';
import { ConfigError, loadConfig, type ConfigProblem, type LoadRequest } from './index.js';

const KEY = { id: 'a', hash: `hmac-sha256:${'0'.repeat(32)}:${'0'.repeat(64)}` };

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'llama-orch-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function load(file: string | undefined, request: LoadRequest = {}) {
  if (file !== undefined) writeFileSync(join(cwd, 'llama-orch.yaml'), file);
  return loadConfig({ env: { HOME: cwd }, cwd, ...request });
}

function problemsOf(file: string | undefined, request: LoadRequest = {}): readonly ConfigProblem[] {
  try {
    load(file, request);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const places = (problems: readonly ConfigProblem[]) =>
  problems.map(({ position, path }) => `${position?.line}:${position?.column} ${path}`);

describe('where the configuration comes from', () => {
  it('serves one embedded CPU pool on loopback without a file (ORCH-4801, HME-003, HME-002, HME-001)', () => {
    const { config, source, origins } = load(undefined);
    expect(source).toEqual({ type: 'defaults' });
    expect(config.profile).toBe('solo');
    expect(config.server.bind).toBe('127.0.0.1:8080');
    expect(config.pools).toHaveLength(1);
    expect(config.pools[0]).toMatchObject({ id: 'default', engine: 'embedded', device: 'cpu', model: 'haiku-nano' });
    expect(origins['server.bind']).toEqual({ type: 'default' });
  });

  it('takes the model of the default pool from LLORCH_MODEL (ORCH-4801)', () => {
    const { config, origins } = load(undefined, { env: { LLORCH_MODEL: 'other' } });
    expect(config.pools[0]).toMatchObject({ id: 'default', engine: 'embedded', model: 'other' });
    expect(origins['pools[0].model']).toEqual({ type: 'env', name: 'LLORCH_MODEL' });
    expect(origins['pools[0].id']).toEqual({ type: 'default' });
  });

  it('lets flags beat the environment, the environment the file, the file the defaults (ORCH-3002)', () => {
    const file = 'server: {bind: "127.0.0.1:1111", shutdown_ms: 5}\nlog: {level: warn}\n';
    const env = { LLORCH_BIND: '127.0.0.1:2222', LLORCH_LOG: 'error' };
    const { config, origins } = load(file, { env, flags: { bind: '127.0.0.1:3333' } });
    expect(config.server).toMatchObject({ bind: '127.0.0.1:3333', shutdown_ms: 5 });
    expect(config.log).toEqual({ level: 'error', format: 'json' });
    expect(origins['server.bind']).toEqual({ type: 'flag', name: '--bind' });
    expect(origins['log.level']).toEqual({ type: 'env', name: 'LLORCH_LOG' });
    expect(origins['server.shutdown_ms']).toEqual({ type: 'file', file: 'llama-orch.yaml', line: 1 });
    expect(origins['log.format']).toEqual({ type: 'default' });
  });

  it('searches --config, LLORCH_CONFIG, the working directory, the user directory, in this order (HME-003)', () => {
    const write = (path: string, port: number) => writeFileSync(join(cwd, path), `server: {bind: "127.0.0.1:${port}"}`);
    const bind = (request: LoadRequest) => load(undefined, request).config.server.bind;
    mkdirSync(join(cwd, 'xdg', 'llama-orch'), { recursive: true });
    const env = { XDG_CONFIG_HOME: join(cwd, 'xdg') };
    write('xdg/llama-orch/config.yaml', 4);
    expect(bind({ env })).toBe('127.0.0.1:4');
    write('llama-orch.yaml', 3);
    expect(bind({ env })).toBe('127.0.0.1:3');
    write('two.yaml', 2);
    expect(bind({ env: { ...env, LLORCH_CONFIG: 'two.yaml' } })).toBe('127.0.0.1:2');
    write('one.yaml', 1);
    expect(bind({ env: { ...env, LLORCH_CONFIG: 'two.yaml' }, flags: { config: 'one.yaml' } })).toBe('127.0.0.1:1');
  });

  it('refuses a named file that is not there and says who named it', () => {
    const [problem] = problemsOf(undefined, { env: { LLORCH_CONFIG: 'gone.yaml' } });
    expect(problem).toMatchObject({ source: 'gone.yaml', message: 'no such file', hint: 'correct LLORCH_CONFIG' });
  });

  it('passes over LLORCH_MODEL with a warning, and refuses --model, where pools are configured', () => {
    const file = 'pools: [{id: a, engine: embedded, model: m}]';
    const { config, warnings } = load(file, { env: { LLORCH_MODEL: 'other' } });
    expect(config.pools[0]?.model).toBe('m');
    expect(warnings).toMatchObject([{ source: 'LLORCH_MODEL' }]);
    expect(problemsOf(file, { flags: { model: 'other' } })).toMatchObject([{ source: '--model' }]);
  });

  it('reads an empty file as the defaults', () => {
    expect(load('# nothing yet\n').config).toEqual(loadConfig({ env: { HOME: cwd }, cwd: '/' }).config);
  });
});

describe('strict reading', () => {
  it('reports every problem at once, each with line, column and what is expected (ORCH-4802, OC-CONFIG-6001)', () => {
    const file = ['server:', '  bnd: "127.0.0.1:1"', 'log: {level: infoo}', 'pools:', '  - {id: A, model: 5}'].join(
      '\n',
    );
    const problems = problemsOf(file);
    expect(places(problems)).toEqual([
      '2:3 server.bnd',
      '3:14 log.level',
      '5:5 pools[0].engine',
      '5:10 pools[0].id',
      '5:20 pools[0].model',
    ]);
    expect(problems[0]).toMatchObject({ expected: 'one of bind, advertised_url, allowed_hosts, shutdown_ms' });
    expect(problems[0]?.hint).toBe('did you mean "bind"?');
    expect(problems[0]?.position).toMatchObject({ file: 'llama-orch.yaml', text: '  bnd: "127.0.0.1:1"' });
  });

  it('reports what the validator finds and what breaks a rule in one run (ORCH-4802)', () => {
    const file = 'limits: {jsn: 1}\npools: [{id: a, engine: mock, model: m}, {id: a, engine: embedded, model: m}]';
    expect(problemsOf(file).map(({ path }) => path)).toEqual(['limits.jsn', 'pools[0].engine', 'pools[1].id']);
  });

  it('prints place, message, line, mark, expectation and hint (ORCH-4802)', () => {
    expect(() => load('log:\n  levle: info\n')).toThrow(
      [
        'llama-orch.yaml:2:3: unknown key "levle" in log',
        '    2 |   levle: info',
        '      |   ^',
        '  expected: one of level, format',
        '  did you mean "level"?',
      ].join('\n'),
    );
  });

  it('names a variable instead of a line when the value came from it', () => {
    expect(problemsOf(undefined, { env: { LLORCH_BIND: 'here' } })).toMatchObject([{ source: 'LLORCH_BIND' }]);
  });

  it.each([
    ['a duplicate key', 'log: {level: info}\nlog: {level: warn}\n', '2:1 ', /duplicate key/],
    ['text that is not YAML', 'log: {level: info\n', '2:1 ', /not valid YAML/],
    ['an empty section', 'limits:\n', '1:8 limits', /is empty/],
    ['a list where a map belongs', 'log: []', '1:6 log', /is a list/],
    ['a list as the whole file', '[1]', '1:1 ', /the configuration is a list/],
    ['a key that a later edition may have', 'console: {root: x}', '1:1 console', /unknown key "console"/],
    ['an empty list of pools', 'pools: []', '1:8 pools', /too small/],
    ['a port beyond the range', 'server: {bind: "127.0.0.1:65536"}', '1:16 server.bind', /0 to 65535/],
    ['a duration longer than a timer', 'server: {shutdown_ms: 2147483648}', '1:23 server.shutdown_ms', /too large/],
    [
      'credentials in a URL',
      'server: {advertised_url: "http://u:p@h"}',
      '1:26 server.advertised_url',
      /must not hold a user name/,
    ],
  ])('refuses %s (OC-CONFIG-6001)', (_what, file, place, message) => {
    const problems = problemsOf(file);
    expect(places(problems)).toEqual([place]);
    expect(problems[0]?.message).toMatch(message);
  });

  it('refuses files above 1 MiB, and more than 100 aliases however they are nested', () => {
    expect(problemsOf('#'.repeat(1024 * 1024 + 1))).toMatchObject([{ expected: 'at most 1048576 bytes' }]);
    const flat = `a: &a 1\nb: [${'*a,'.repeat(101)}]`;
    expect(problemsOf(flat)).toMatchObject([{ message: 'too many YAML aliases', position: { line: 2 } }]);
    const nested = Array.from({ length: 8 }, (_, at) => `k${at + 1}: &k${at + 1} [${`*k${at},`.repeat(9)}]`);
    expect(problemsOf(`k0: &k0 [1,2]\n${nested.join('\n')}`)).toMatchObject([{ message: 'too many YAML aliases' }]);
  });

  it('resolves an alias and points at the place that it stands for', () => {
    const file =
      'pools:\n  - {id: a, engine: embedded, model: m, labels: &l {zone: 1}}\n  - {id: b, engine: embedded, model: m, labels: *l}';
    expect(places(problemsOf(file))).toEqual(['2:59 pools[0].labels.zone', '2:59 pools[1].labels.zone']);
  });
});

describe('compat reading', () => {
  it('warns about unknown keys and goes on with the rest (OC-CONFIG-6001, ORCH-3030-v31)', () => {
    const file = 'console: {a: 1}\nlog: {level: warn, content: false}\n';
    const { config, warnings } = load(file, { mode: 'compat' });
    expect(config.log.level).toBe('warn');
    expect(places(warnings)).toEqual(['1:1 console', '2:20 log.content']);
  });

  it('still refuses wrong values', () => {
    expect(places(problemsOf('console: {}\nlog: {level: 3}', { mode: 'compat' }))).toEqual(['2:14 log.level']);
  });
});

describe('rules between members', () => {
  const pool = (members: string) => `pools: [{id: a, engine: embedded, model: m, ${members}}]`;

  it.each([
    ['a mock pool without leave', 'pools: [{id: a, engine: mock, model: m}]', 'pools[0].engine'],
    ['llamacpp without an endpoint', 'pools: [{id: a, engine: llamacpp, model: m}]', 'pools[0].engine'],
    [
      'a class larger than its queue',
      pool('queue: {capacity: 4}, admission: {priorities: [{name: batch, queue_capacity: 5}]}'),
      'pools[0].admission.priorities[0].queue_capacity',
    ],
    [
      'a class that stands twice',
      pool('admission: {priorities: [{name: batch}, {name: batch}]}'),
      'pools[0].admission.priorities[1].name',
    ],
    ['a first wait above the longest', pool('backoff: {initial_ms: 9, max_ms: 8}'), 'pools[0].backoff.initial_ms'],
    ['an idle limit above the wall limit', pool('timeouts: {idle_ms: 9, wall_ms: 8}'), 'pools[0].timeouts.idle_ms'],
    ['probes more seldom than signs of life', pool('probe: {interval_ms: 9500}'), 'pools[0].probe'],
    ['signs of life between probes', pool('probe: {heartbeat_stale_ms: 2500}'), 'pools[0].probe'],
    ['two keys of one id', `auth: {keys: [${JSON.stringify(KEY)}, ${JSON.stringify(KEY)}]}`, 'auth.keys[1].id'],
    ['a plugin that stands twice', 'plugins: [{package: x}, {package: x}]', 'plugins[1].package'],
  ])('refuses %s (OC-CONFIG-6001)', (_what, file, path) => {
    expect(problemsOf(file).map((problem) => problem.path)).toEqual([path]);
  });

  it('refuses a bind that others can reach unless there is a key (HME-002, ORCH-4110)', () => {
    const file = 'server: {bind: "0.0.0.0:8080"}';
    expect(problemsOf(file)).toMatchObject([
      { path: 'server.bind', hint: expect.stringContaining('LLORCH_API_TOKEN') },
    ]);
    expect(problemsOf(undefined, { env: { LLORCH_BIND: '[::]:1' } })).toMatchObject([{ source: 'LLORCH_BIND' }]);
    expect(load(file, { env: { LLORCH_API_TOKEN: 'sixteen letters!' } }).config.auth.keys).toHaveLength(1);
    expect(load(`${file}\nauth: {keys: [${JSON.stringify(KEY)}]}`).config.auth.keys[0]).toMatchObject({
      tenant: 'default',
      scopes: ['infer'],
    });
  });

  it('gives each class its share of a small queue and keeps what is written', () => {
    const file = pool(
      'queue: {capacity: 8, full_policy: drop-lru}, admission: {priorities: [{name: batch, full_policy: reject}]}',
    );
    const { config, origins } = load(file);
    expect(config.pools[0]?.admission.priorities).toEqual([
      { name: 'batch', queue_capacity: 8, full_policy: 'reject' },
      { name: 'interactive', queue_capacity: 8, full_policy: 'drop-lru' },
    ]);
    expect(origins['pools[0].admission.priorities[0].full_policy']?.type).toBe('file');
    expect(origins['pools[0].admission.priorities[1].full_policy']?.type).toBe('default');
  });
});

describe('secrets and variables', () => {
  const withOptions = (options: string) => `pools: [{id: a, engine: embedded, model: m, options: ${options}}]`;

  it('replaces ${env:NAME}, also from NAME_FILE (HME-003)', () => {
    writeFileSync(join(cwd, 'secret'), 'from file\n');
    const env = { A: 'from env', B_FILE: join(cwd, 'secret') };
    const { config } = load(withOptions('{a: "x-${env:A}", b: ["${env:B}"]}'), { env });
    expect(config.pools[0]?.options).toEqual({ a: 'x-from env', b: ['from file'] });
  });

  it('refuses a variable that is not set, unreadable, or given twice (HME-003)', () => {
    const problems = problemsOf(withOptions('{a: "${env:A}", b: "${env:B}", c: "${env:C}", d: "${env:no name}"}'), {
      env: { B: '1', B_FILE: '2', C_FILE: join(cwd, 'gone') },
    });
    expect(problems.map(({ message }) => message)).toEqual([
      'the environment variable A is not set',
      'B and B_FILE are both set; set one',
      'the file that C_FILE names cannot be read',
      '"no name" is not a variable\'s name',
    ]);
  });

  it('makes one key with all scopes from LLORCH_API_TOKEN, beside those of the file (ORCH-4109)', () => {
    const { config, origins } = load(`auth: {keys: [${JSON.stringify(KEY)}]}`, {
      env: { LLORCH_API_TOKEN: 'sixteen letters!' },
    });
    expect(config.auth.keys).toHaveLength(2);
    expect(config.auth.keys[1]).toMatchObject({
      tenant: 'default',
      scopes: expect.arrayContaining(['admin', 'infer']),
    });
    expect(keyMatches('sixteen letters!', config.auth.keys[1]?.hash ?? '')).toBe(true);
    expect(origins['auth.keys[1].hash']).toEqual({ type: 'env', name: 'LLORCH_API_TOKEN' });
  });

  it('refuses a token below 16 characters without repeating it', () => {
    const problems = problemsOf(undefined, { env: { LLORCH_API_TOKEN: 'swordfish' } });
    expect(problems).toMatchObject([{ source: 'LLORCH_API_TOKEN', expected: 'at least 16 characters' }]);
    expect(JSON.stringify(problems)).not.toContain('swordfish');
  });

  it('masks secrets in the lines that it quotes', () => {
    const message = () => load('auth:\n  keys:\n    - {id: a, hash: swordfish}\n    - {id: b, api_token: swordfish}\n');
    expect(message).toThrow(/hash: \*\*\*/);
    expect(message).not.toThrow(/swordfish/);
  });
});
