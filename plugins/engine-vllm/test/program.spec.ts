import { type EngineEndpoint, type EngineStart } from '@llama-orch/plugin-sdk';
import { vllmProgram } from '../src/program.js';

const ENDPOINT: EngineEndpoint = {
  poolId: 'chat',
  replicaId: 'r0',
  model: { ref: 'file:/models/qwen', id: 'qwen', path: '/models/qwen' },
  slots: 8,
  loadTimeoutMs: 1_000,
};
const START: EngineStart = { host: '127.0.0.1', port: 8123, device: 'gpu' };

describe('the program of the vllm adapter', () => {
  it('serves the weights under the name of the model (ORCH-3202)', () => {
    expect(vllmProgram.args({ ...ENDPOINT, contextTokens: 4_096 }, START)).toEqual([
      ...['serve', '/models/qwen', '--served-model-name=qwen', '--host', '127.0.0.1', '--port', '8123'],
      ...['--max-num-seqs', '8', '--max-model-len', '4096', '--enable-prompt-tokens-details'],
    ]);
  });

  it('splits a model over all its devices (ORCH-3055)', () => {
    expect(vllmProgram.args({ ...ENDPOINT, devices: ['0', '1'] }, START).join(' ')).toContain(
      '--tensor-parallel-size 2',
    );
    expect(vllmProgram.args({ ...ENDPOINT, devices: ['0'] }, START)).not.toContain('--tensor-parallel-size');
  });

  it.each([
    ['without local weights', { model: { ref: 'm', id: 'm' } }, /local weights/],
    ['with an uneven split', { devices: ['0', '1'], tensorSplit: [1, 3] }, /evenly/],
  ])('cannot be started %s (ORCH-3202)', (_, changes, words) => {
    expect(() => vllmProgram.args({ ...ENDPOINT, ...changes }, START)).toThrow(words);
  });

  it('reserves every flag that it sets (ORCH-3202)', () => {
    const args = vllmProgram.args({ ...ENDPOINT, contextTokens: 1, devices: ['0', '1'] }, START);
    const given = args.filter((arg) => arg.startsWith('--') && arg !== '--enable-prompt-tokens-details');
    const flags = given.map((arg) => arg.split('=')[0]);
    expect(vllmProgram.reserved).toEqual(expect.arrayContaining(flags));
  });
});
