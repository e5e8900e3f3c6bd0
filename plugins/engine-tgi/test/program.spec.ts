import { type EngineEndpoint, type EngineStart } from '@llama-orch/plugin-sdk';
import { tgiProgram } from '../src/program.js';

const ENDPOINT: EngineEndpoint = {
  poolId: 'chat',
  replicaId: 'chat-0',
  model: { ref: 'file:/models/tiny', id: 'tiny', path: '/models/tiny' },
  slots: 8,
  loadTimeoutMs: 60_000,
};
const GPU: EngineStart = { host: '127.0.0.1', port: 9_101, device: 'gpu' };

describe('start of TGI', () => {
  it('serves the weights at the given address alone, with one shard (ORCH-3201)', () => {
    expect(tgiProgram.args(ENDPOINT, GPU)).toEqual([
      ...['--model-id', '/models/tiny', '--hostname', '127.0.0.1', '--port', '9101'],
      ...['--shard-uds-path', '/tmp/llama-orch-tgi-9101', '--max-concurrent-requests', '8', '--num-shard', '1'],
    ]);
  });

  it('puts a shard on each device, and splits the context off (OC-ADAPT-5040)', () => {
    const args = tgiProgram.args({ ...ENDPOINT, devices: ['0', '1'], tensorSplit: [1, 1], contextTokens: 4_096 }, GPU);
    expect(args.join(' ')).toContain('--max-total-tokens 4096 --max-input-tokens 4095 --num-shard 2');
  });

  it.each<[string, EngineEndpoint, EngineStart, RegExp]>([
    ['without weights', { ...ENDPOINT, model: { ref: 'tiny', id: 'tiny' } }, GPU, /needs local weights/],
    ['on the CPU', ENDPOINT, { ...GPU, device: 'cpu' }, /GPUs only/],
    ['with an uneven split', { ...ENDPOINT, devices: ['0', '1'], tensorSplit: [3, 1] }, GPU, /evenly/],
  ])('refuses to start %s (ORCH-3201)', (_, endpoint, start, words) => {
    expect(() => tgiProgram.args(endpoint, start)).toThrow(words);
  });

  it('reserves every flag that it sets (ORCH-3201)', () => {
    const args = tgiProgram.args({ ...ENDPOINT, devices: ['0'], contextTokens: 512 }, GPU);
    const flags = args.filter((arg) => arg.startsWith('--'));
    expect(tgiProgram.reserved).toEqual(expect.arrayContaining(flags));
  });
});
