import { type EngineEndpoint, type EngineStart } from '@llama-orch/plugin-sdk';
import { llamaServerProgram } from '../src/program.js';

const ENDPOINT: EngineEndpoint = {
  poolId: 'chat',
  replicaId: 'chat-0',
  model: { ref: 'file:/models/a.gguf', id: 'a', path: '/models/a.gguf' },
  slots: 1,
  loadTimeoutMs: 1_000,
};
const CPU: EngineStart = { host: '127.0.0.1', port: 9001, device: 'cpu' };
const GPU: EngineStart = { ...CPU, device: 'gpu' };
const FRONT = ['--model', '/models/a.gguf', '--host', '127.0.0.1', '--port', '9001', '--metrics'];
const STRICT = ['--ctx-size', '8192', '--parallel', '1', '--no-cont-batching'];

describe('the program llama-server', () => {
  it.each<[string, Partial<EngineEndpoint>, EngineStart, readonly string[]]>([
    ['one slot on the CPU, without batching', {}, CPU, [...STRICT, '--n-gpu-layers', '0']],
    [
      'the context of all slots together',
      { slots: 4, contextTokens: 4096 },
      CPU,
      ['--ctx-size', '16384', '--parallel', '4', '--n-gpu-layers', '0'],
    ],
    ['all layers on a GPU that nobody named', {}, GPU, [...STRICT, '--n-gpu-layers', '999']],
    [
      'one GPU by name, so that a build without CUDA refuses',
      { devices: ['3'] },
      GPU,
      [...STRICT, '--n-gpu-layers', '999', '--device', 'CUDA0', '--split-mode', 'none'],
    ],
    [
      'two GPUs by ratios',
      { devices: ['0', '1'], tensorSplit: [0.67, 0.33] },
      GPU,
      [
        ...STRICT,
        ...['--n-gpu-layers', '999', '--device', 'CUDA0,CUDA1', '--split-mode', 'layer', '--tensor-split', '0.67,0.33'],
      ],
    ],
  ])('is asked for %s (ORCH-3054, ORCH-3052, ORCH-1101)', (_what, more, start, rest) => {
    expect(llamaServerProgram.args({ ...ENDPOINT, ...more }, start)).toEqual([...FRONT, ...rest]);
  });

  it('cannot serve a model without a file, and says how to name one (ORCH-3200)', () => {
    const endpoint = { ...ENDPOINT, model: { ref: 'qwen', id: 'qwen' } };
    expect(() => llamaServerProgram.args(endpoint, CPU)).toThrow('name it as model: file:/…');
  });

  it('keeps its address and its slots out of the hands of flags (ORCH-3200)', () => {
    expect(llamaServerProgram.reserved).toEqual(expect.arrayContaining(['--host', '--port', '--model', '--parallel']));
  });
});
