import { ConfigError, parseConfig } from './index.js';
import { isFetchable } from './provisioning-schema.js';

const CHECKSUM = `sha256:${'0'.repeat(64)}`;
const PATH = { mode: 'binary', binary: { path: '/usr/local/bin/llama-server' } };

function load(provisioning: object, more: object = {}) {
  return parseConfig({ pools: [{ id: 'a', engine: 'llamacpp', model: 'm', device: 'cpu', provisioning, ...more }] });
}

function problems(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
    throw error;
  }
  return 'accepted';
}

describe('pools[].provisioning', () => {
  it('takes the place of an endpoint, and has its defaults (OC-CONFIG-6020, OC-CONFIG-6027)', () => {
    expect(load(PATH).pools[0]!.provisioning).toEqual({
      ...PATH,
      ...{ allow_package_installs: false, allow_binary_downloads: false, ports: [], env: {}, flags: [] },
    });
  });

  it.each<[string, object]>([
    ['source', { source: { repo: 'https://example.org/x', ref: 'v1' } }],
    ['source', { source: { repo: '/srv/x', ref: 'v1', submodules: true, build: { cmake_flags: ['-DX=ON'] } } }],
    ['container', { container: { image: 'ghcr.io/x/y', tag: 'v1', runtime: 'docker' } }],
    ['package', { package: { name: 'llama.cpp', repo: 'aur', version: 'b1-1' }, allow_package_installs: true }],
    ['binary', { binary: { url: 'https://example.org/x', checksum: CHECKSUM, install_dir: '~/x' } }],
    ['binary', { binary: PATH.binary, model: { ref: 'https://example.org/m', checksum: CHECKSUM, cache_dir: '/w' } }],
    ['binary', { binary: PATH.binary, model: { ref: 'file:/w/m.gguf' }, user: 'llama', env: { A: 'b' } }],
  ])(
    'takes mode %s with %j (OC-CONFIG-6020, OC-CONFIG-6022, OC-CONFIG-6023, OC-CONFIG-6024, OC-CONFIG-6025, OC-CONFIG-6026)',
    (mode, given) => {
      expect(load({ mode, engine_version: '1', ...given }).pools[0]!.provisioning).toMatchObject({ mode, ...given });
    },
  );

  it.each<[string, object, object, string]>([
    ['no mode and no endpoint', {}, {}, 'pools[0].engine: pools[0] has engine llamacpp, but no endpoint'],
    ['external without endpoint', { mode: 'external' }, {}, 'pools[0] has engine llamacpp, but no endpoint'],
    [
      'two engines',
      PATH,
      { endpoint: 'http://127.0.0.1:1' },
      'pools[0].endpoint: pools[0] has an endpoint, and provisioning',
    ],
    ['an engine that comes along', PATH, { engine: 'embedded' }, 'embedded comes along'],
    [
      'a mode without its section',
      { mode: 'container', engine_version: '1' },
      {},
      'has mode container, but no container',
    ],
    [
      'a section without its mode',
      { ...PATH, container: { image: 'x', tag: '1' } },
      {},
      'container has no meaning with mode binary',
    ],
    [
      'ports of an engine elsewhere',
      { ports: [1] },
      { endpoint: 'http://127.0.0.1:1' },
      'ports has no meaning with mode external',
    ],
    ['no program', { mode: 'binary', binary: {}, engine_version: '1' }, {}, 'binary must have either path or url'],
    [
      'two programs',
      { mode: 'binary', binary: { path: '/x', url: 'https://example.org/x' } },
      {},
      'binary must have either path or url',
    ],
    [
      'a path with a checksum',
      { mode: 'binary', binary: { path: '/x', checksum: CHECKSUM } },
      {},
      'checksum has no meaning without url',
    ],
    [
      'a download without a digest',
      { mode: 'binary', engine_version: '1', binary: { url: 'https://example.org/x' } },
      {},
      'binary has no checksum',
    ],
    ['weights without a digest', { ...PATH, model: { ref: 'https://example.org/m' } }, {}, 'model has no checksum'],
    [
      'a download over plain HTTP',
      { mode: 'binary', engine_version: '1', binary: { url: 'http://example.org/x', checksum: CHECKSUM } },
      {},
      'binary.url must be an https:// URL',
    ],
    [
      'no version of what is fetched',
      { mode: 'package', package: { name: 'x' } },
      {},
      'gets an engine, but does not say which version',
    ],
    [
      'a ref that is an option',
      { mode: 'source', engine_version: '1', source: { repo: '/x', ref: '--upload-pack=x' } },
      {},
      'source.ref must not begin with "-"',
    ],
    [
      'a repository by a helper',
      { mode: 'source', engine_version: '1', source: { repo: 'ext::sh -c x', ref: '1' } },
      {},
      'source.repo must be an https:// URL',
    ],
    [
      'a relative program',
      { mode: 'binary', binary: { path: 'llama-server' } },
      {},
      'binary.path must be an absolute path',
    ],
    [
      'devices by the back door',
      { ...PATH, env: { CUDA_VISIBLE_DEVICES: '1' } },
      {},
      'env.CUDA_VISIBLE_DEVICES is set by llama-orch',
    ],
    [
      'a variable with another name',
      { ...PATH, env: { 'A-B': '1' } },
      {},
      'env.A-B must be the name of an environment variable',
    ],
    [
      'a port twice',
      { ...PATH, ports: [9001, 9001] },
      { replicas: 2 },
      'ports[1] is port 9001, which pools[0].provisioning.ports[0] has',
    ],
    [
      'a port too much',
      { ...PATH, ports: [9001, 9002] },
      { replicas: 1 },
      'ports[1] is for a replica that is not there',
    ],
    ['no port', { ...PATH, ports: [0] }, {}, 'pools[0].provisioning.ports[0] is too small'],
    ['an unknown mode', { mode: 'magic' }, {}, 'pools[0].provisioning.mode has an unknown value'],
  ])('refuses %s (ORCH-4802, OC-CONFIG-6020, OC-CONFIG-6021)', (_what, provisioning, more, message) => {
    expect(problems(() => load(provisioning, more))).toContain(message);
  });

  it('refuses a port that another pool has (ORCH-4802)', () => {
    const pool = (id: string) => ({
      id,
      engine: 'llamacpp',
      model: 'm',
      device: 'cpu',
      provisioning: { ...PATH, ports: [9001] },
    });
    expect(problems(() => parseConfig({ pools: [pool('a'), pool('b')] }))).toContain(
      'pools[1].provisioning.ports[0] is port 9001, which pools[0].provisioning.ports[0] has',
    );
  });

  it('keeps downloads on unless egress.enabled says otherwise (ORCH-3206)', () => {
    expect(parseConfig({}).egress.enabled).toBe(true);
    expect(parseConfig({ egress: { enabled: false } }).egress.enabled).toBe(false);
  });
});

it.each([
  ['https://example.org/x', true],
  ['http://127.0.0.1:9/x', true],
  ['http://localhost/x', true],
  ['http://[::1]/x', true],
  ['http://127.0.0.1.example.org/x', false],
  ['https://user:key@example.org/x', false],
  ['ftp://example.org/x', false],
  ['example.org/x', false],
])('%s may be fetched: %s (ORCH-3206)', (url, may) => {
  expect(isFetchable(url)).toBe(may);
});
