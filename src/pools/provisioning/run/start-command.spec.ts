import { type EngineEndpoint, type EngineProgram } from '@llama-orch/plugin-sdk';
import { parseConfig } from '../../../config/index.js';
import { type Setup } from '../setup.js';
import { containerArgs } from './container-args.js';
import { engineEnvironment } from './environment.js';
import { startCommand, type StartOptions } from './start-command.js';

const PROGRAM: EngineProgram = {
  name: 'acme-server',
  args: ({ model }, { host, port, device }) => ['--weights', model.path ?? '-', `${host}:${port}`, device],
  reserved: ['--host', '--port'],
};
const ENDPOINT: EngineEndpoint = {
  ...{ poolId: 'a', replicaId: 'a-0', slots: 1, loadTimeoutMs: 1 },
  model: { ref: 'file:/w/m.gguf', id: 'm', path: '/w/m.gguf' },
};
const OPTIONS: StartOptions = {
  ...{ program: '/opt/acme-server', endpoint: ENDPOINT, port: 9001, home: '/h', mark: '12345678-9' },
  daemon: { PATH: '/bin', LANG: 'C', LLORCH_API_TOKEN: 'secret', LD_PRELOAD: '/x.so', HF_TOKEN: 'secret' },
};

function setup(provisioning: object, device: string): Setup {
  const { pools } = parseConfig({
    pools: [{ id: 'a', engine: 'acme', model: 'file:/w/m.gguf', device, provisioning }],
  });
  const places = { home: '/home/a', cache: '/home/a/.cache/llama-orch', engines: '/data/engines' };
  return { pool: pools[0]!, provisioning: pools[0]!.provisioning!, program: PROGRAM, places };
}

const BINARY = { mode: 'binary', binary: { path: '/opt/acme-server' } };
const CONTAINER = { mode: 'container', engine_version: '1', container: { image: 'ghcr.io/acme', tag: 'v1' } };

describe('the environment of an engine', () => {
  const base = { home: '/h', own: {}, mark: 'm' };
  const daemon = { PATH: '/bin', LANG: 'C', LLORCH_API_TOKEN: 'secret', CUDA_VISIBLE_DEVICES: '7' };

  it.each([
    ['cpu', undefined, { CUDA_VISIBLE_DEVICES: '' }],
    ['cpu', ['0'], { CUDA_VISIBLE_DEVICES: '' }],
    ['gpu', ['1', '3'], { CUDA_VISIBLE_DEVICES: '1,3', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }],
    ['gpu', [], { CUDA_VISIBLE_DEVICES: '', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }],
    ['gpu', undefined, {}],
  ] as const)('on %s with devices %j shows %j (ORCH-1101)', (device, devices, shown) => {
    const rest = { PATH: '/bin', LANG: 'C', HOME: '/h', TMPDIR: '/h', LLAMA_ORCH_ENGINE: 'm' };
    expect(engineEnvironment(daemon, { ...base, device, devices })).toEqual({ ...rest, ...shown });
  });

  it('has what the operator adds, who cannot replace the devices (ORCH-3200)', () => {
    const own = { LD_LIBRARY_PATH: '/cuda', LANG: 'de', LLAMA_ORCH_ENGINE: 'x' };
    const env = engineEnvironment(daemon, { ...base, home: undefined, own, device: 'cpu', devices: undefined });
    expect(env).toEqual({ PATH: '/bin', ...own, LLAMA_ORCH_ENGINE: 'm', CUDA_VISIBLE_DEVICES: '' });
  });
});

describe('the command of an engine', () => {
  it('is the program, what its adapter says, and the flags of the operator (ORCH-3200)', () => {
    const { program, args, env } = startCommand(setup({ ...BINARY, flags: ['--threads', '4'] }, 'cpu'), OPTIONS);
    expect([program, ...args]).toEqual([
      ...['/opt/acme-server', '--weights', '/w/m.gguf', '127.0.0.1:9001', 'cpu'],
      ...['--threads', '4'],
    ]);
    expect(Object.keys(env).sort()).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'HOME',
      'LANG',
      'LLAMA_ORCH_ENGINE',
      'PATH',
      'TMPDIR',
    ]);
  });

  it.each([['--host'], ['--port=1']])('with flag %s is refused: it would leave loopback (ORCH-3200)', (flag) => {
    expect(() => startCommand(setup({ ...BINARY, flags: [flag] }, 'cpu'), OPTIONS)).toThrow('which llama-orch sets');
  });

  it('in a container sees its weights under /models, and is reached over loopback (OC-CONFIG-6023)', () => {
    const program = { runtime: 'podman', path: '/bin/podman', image: 'ghcr.io/acme:v1' } as const;
    const command = startCommand(setup(CONTAINER, 'cpu'), { ...OPTIONS, program });
    expect(command.container).toEqual({ runtime: '/bin/podman', name: 'llama-orch-a-0-12345678' });
    expect(command.args).toEqual([
      ...['run', '--rm', '--name', 'llama-orch-a-0-12345678', '--pull=never', '--publish', '127.0.0.1:9001:9001'],
      ...['--read-only', '--tmpfs', '/tmp', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
      ...['--volume', '/w:/models:ro', '--env', 'CUDA_VISIBLE_DEVICES=', 'ghcr.io/acme:v1'],
      ...['--weights', '/models/m.gguf', '0.0.0.0:9001', 'cpu'],
    ]);
  });
});

describe('devices of a container', () => {
  const options = { name: 'n', image: 'i', port: 1, mount: undefined, env: {}, device: 'gpu' } as const;

  it.each([
    ['podman', ['0', '2'], ['--device', 'nvidia.com/gpu=0', '--device', 'nvidia.com/gpu=2']],
    ['podman', undefined, ['--device', 'nvidia.com/gpu=all']],
    ['docker', ['0', '2'], ['--gpus', '"device=0,2"']],
    ['docker', undefined, ['--gpus', 'all']],
  ] as const)('are lent by %s for %j as %j (ORCH-1101, OC-CONFIG-6023)', (runtime, devices, lent) => {
    const args = containerArgs(runtime, { ...options, devices });
    expect(args.slice(args.indexOf('--security-opt=no-new-privileges') + 1)).toEqual([...lent, 'i']);
  });
});
