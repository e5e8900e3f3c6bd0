import { type EngineProgram } from '@llama-orch/plugin-sdk';
import { parseConfig } from '../../../config/index.js';
import { type Setup } from '../setup.js';
import { planOf } from './plan.js';
import { commandsOf, type Plan } from './step.js';

const PROGRAM: EngineProgram = {
  name: 'acme-server',
  args: ({ model, devices = [] }, { host, port, device }) => [
    ...['--weights', model.path ?? '-', `--at=${host}`, '--port', String(port), device],
    ...devices,
  ],
  reserved: ['--at'],
  build: { target: 'acme', flags: ['-DACME=ON'], gpuFlags: ['-DACME_CUDA=ON'], output: 'bin/acme-server' },
};
const CHECKSUM = `sha256:${'ab'.repeat(32)}`;
const OPTIONS = { mayDownload: true, jobs: 8 };

function setup(provisioning: object, pool: object = {}, program = PROGRAM): Setup {
  const { pools } = parseConfig({
    pools: [{ id: 'a', engine: 'acme', model: 'file:/w/m.gguf', device: 'cpu', ...pool, provisioning }],
  });
  const places = { home: '/home/a', cache: '/home/a/.cache/llama-orch', engines: '/data/engines' };
  return { pool: pools[0]!, provisioning: pools[0]!.provisioning!, program, places };
}

function lines({ steps }: Plan): readonly string[] {
  return steps.flatMap((step) => [
    `${step.kind}: ${step.detail}${step.refused === undefined ? '' : ` REFUSED ${step.refused}`}`,
    ...commandsOf(step).map((command) => `  ${command.join(' ')}`),
  ]);
}

const SOURCE = {
  mode: 'source',
  engine_version: 'b1',
  source: {
    ...{ repo: 'https://example.org/acme', ref: 'v1/x', submodules: true },
    build: { cmake_flags: ['-DY=1'], generator: 'Ninja', cache_dir: '~/builds' },
  },
};

describe('the plan of an engine', () => {
  it('from source is clone, configure, build, run (ORCH-3201, ORCH-3203, ORCH-3205, ORCH-3207, OC-CONFIG-6022)', () => {
    const plan = planOf(setup({ ...SOURCE, ports: [9001] }, { device: 'gpu', devices: [1], replicas: 1 }), OPTIONS);
    const root = '/home/a/builds/v1-x-4d7a6e77a046';
    const git = 'git -c http.followRedirects=false -c protocol.ext.allow=never';
    expect(lines(plan)).toEqual([
      'preflight-tools: needs git, cmake, ninja, a C++ compiler, nvcc',
      `git-clone: clone https://example.org/acme at v1/x to ${root}/source`,
      `  ${git} clone --filter=blob:none --no-checkout -- https://example.org/acme ${root}/source`,
      `  ${git} -C ${root}/source fetch --filter=blob:none -- origin v1/x`,
      `  ${git} -C ${root}/source checkout --detach FETCH_HEAD --`,
      `  ${git} -C ${root}/source submodule update --init --recursive`,
      `cmake-configure: configure ${root}/build for CUDA; without CUDA it fails`,
      `  cmake -S ${root}/source -B ${root}/build -DCMAKE_BUILD_TYPE=Release -DACME=ON -DACME_CUDA=ON -DY=1 -G Ninja`,
      `cmake-build: build ${root}/build/bin/acme-server`,
      `  cmake --build ${root}/build --config Release --target acme --parallel 8`,
      'run: start a-0 on 127.0.0.1:9001, log /data/engines/a-0.log',
      `  ${root}/build/bin/acme-server --weights /w/m.gguf --at=127.0.0.1 --port 9001 gpu 1`,
    ]);
  });

  it('is the same each time, and another one for another flag (ORCH-3207)', () => {
    const text = (provisioning: object) => JSON.stringify(planOf(setup(provisioning), OPTIONS));
    expect(text(SOURCE)).toBe(text(structuredClone(SOURCE)));
    const other = { ...SOURCE, source: { ...SOURCE.source, build: { cmake_flags: ['-DY=2'], cache_dir: '~/builds' } } };
    expect(text(other).split('v1-x-')[1]?.slice(0, 12)).not.toBe(text(SOURCE).split('v1-x-')[1]?.slice(0, 12));
  });

  it('of a program that is there is to run it, once per replica (ORCH-3201, OC-CONFIG-6025)', () => {
    const plan = planOf(
      setup({ mode: 'binary', binary: { path: '/opt/acme' }, ports: [9001] }, { replicas: 2 }),
      OPTIONS,
    );
    expect(lines(plan)).toEqual([
      'run: start a-0 on 127.0.0.1:9001, log /data/engines/a-0.log',
      '  /opt/acme --weights /w/m.gguf --at=127.0.0.1 --port 9001 cpu',
      'run: start a-1 on 127.0.0.1:<free port>, log /data/engines/a-1.log',
      '  /opt/acme --weights /w/m.gguf --at=127.0.0.1 --port <free port> cpu',
    ]);
  });

  it('by download fetches program and weights to folders of their digests (OC-CONFIG-6025, OC-CONFIG-6026, ORCH-3205)', () => {
    const binary = { url: 'https://example.org/acme-v1.tar.gz', checksum: CHECKSUM };
    const model = { ref: 'https://example.org/m.gguf', checksum: CHECKSUM };
    const given = { mode: 'binary', engine_version: '1', allow_binary_downloads: true, binary, model };
    const cache = '/home/a/.cache/llama-orch';
    expect(lines(planOf(setup(given, { model: 'm' }), OPTIONS))).toEqual([
      'preflight-tools: needs tar',
      `binary-fetch: fetch ${binary.url} (${CHECKSUM}) to ${cache}/acme/abababababab/acme-v1.tar.gz and unpack acme-server`,
      `model-fetch: fetch ${model.ref} (${CHECKSUM}) to ${cache}/models/abababababab-m.gguf`,
      'run: start a-0 on 127.0.0.1:<free port>, log /data/engines/a-0.log',
      `  ${cache}/acme/abababababab/acme-server --weights ${cache}/models/abababababab-m.gguf --at=127.0.0.1 --port <free port> cpu`,
    ]);
  });

  it.each<[string, object, boolean, readonly string[]]>([
    [
      'a download without leave',
      { binary: { url: 'https://example.org/x', checksum: CHECKSUM }, mode: 'binary' },
      true,
      ['binary-fetch: provisioning.allow_binary_downloads is false'],
    ],
    [
      'an image without leave',
      { container: { image: 'acme', tag: '1' }, mode: 'container' },
      true,
      ['image-pull: provisioning.allow_binary_downloads is false'],
    ],
    [
      'a package without leave',
      { package: { name: 'acme' }, mode: 'package' },
      true,
      ['package-install: provisioning.allow_package_installs is false'],
    ],
    [
      'a package without egress',
      { package: { name: 'acme' }, mode: 'package', allow_package_installs: true },
      false,
      ['package-install: egress.enabled is false'],
    ],
    [
      'sources without egress',
      { ...SOURCE },
      false,
      [
        'git-clone: egress.enabled is false',
        'cmake-configure: egress.enabled is false',
        'cmake-build: egress.enabled is false',
      ],
    ],
    [
      'a flag that moves the engine',
      { binary: { path: '/x' }, mode: 'binary', flags: ['--at=0.0.0.0'] },
      true,
      ['run: provisioning.flags of pool a holds --at=0.0.0.0, which llama-orch sets; remove it'],
    ],
  ])('says why %s is refused (ORCH-3206, OC-CONFIG-6024)', (_what, given, mayDownload, refused) => {
    const { steps } = planOf(setup({ engine_version: '1', ...given }), { ...OPTIONS, mayDownload });
    expect(steps.filter((step) => step.refused !== undefined).map((step) => `${step.kind}: ${step.refused}`)).toEqual(
      refused,
    );
  });

  it('refuses to build what has no CMake project (OC-CONFIG-6022)', () => {
    const { build: _none, ...program } = PROGRAM;
    const { steps } = planOf(setup(SOURCE, {}, program), OPTIONS);
    expect(steps.find(({ kind }) => kind === 'git-clone')?.refused).toBe('engine acme cannot be built from source');
  });

  it('names an image by tag or digest, in podman unless told otherwise (OC-CONFIG-6023)', () => {
    const image = (container: object) =>
      planOf(setup({ mode: 'container', engine_version: '1', container }), OPTIONS).steps.flatMap(commandsOf)[0];
    expect(image({ image: 'acme', tag: 'v1' })).toEqual(['podman', 'pull', 'acme:v1']);
    expect(image({ image: 'acme', tag: CHECKSUM, runtime: 'docker' })).toEqual(['docker', 'pull', `acme@${CHECKSUM}`]);
  });
});
