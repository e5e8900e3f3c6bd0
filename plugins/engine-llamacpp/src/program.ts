import { EngineError, type EngineEndpoint, type EngineProgram, type EngineStart } from '@llama-orch/plugin-sdk';

const DEFAULT_CONTEXT = 8_192;
/** More layers than any model has. */
const ALL_LAYERS = '999';

/** How llama-server is built and started. */
export const llamaServerProgram: EngineProgram = {
  name: 'llama-server',
  args: (endpoint, start) => [
    ...['--model', weightsOf(endpoint)],
    ...['--host', start.host, '--port', String(start.port)],
    '--metrics',
    ...slotArgs(endpoint),
    ...deviceArgs(endpoint, start),
  ],
  // --kv-unified: one full cache would end all streams at once.
  reserved: ['--model', '-m', '--host', '--port', '--ctx-size', '-c', '--parallel', '-np', '--kv-unified', '-kvu'],
  build: {
    target: 'llama-server',
    flags: ['-DLLAMA_BUILD_SERVER=ON'],
    gpuFlags: ['-DGGML_CUDA=ON'],
    output: 'bin/llama-server',
  },
};

function weightsOf({ model, poolId }: EngineEndpoint): string {
  if (model.path !== undefined) return model.path;
  throw new EngineError(
    'invalid-input',
    `Pool ${poolId} starts its own llama-server, which needs a file: name it as model: file:/…, or in provisioning.model.`,
    { reason: 'model_missing' },
  );
}

/** The server divides its context among the slots. One slot alone, without batching, gives equal bytes for equal tasks. */
function slotArgs({ slots, contextTokens = DEFAULT_CONTEXT }: EngineEndpoint): readonly string[] {
  const args = ['--ctx-size', String(contextTokens * slots), '--parallel', String(slots)];
  return slots === 1 ? [...args, '--no-cont-batching'] : args;
}

/** Names of the devices are asked for where they are known: a server that was built without CUDA then refuses to start. */
function deviceArgs({ devices, tensorSplit }: EngineEndpoint, { device }: EngineStart): readonly string[] {
  if (device === 'cpu') return ['--n-gpu-layers', '0'];
  const layers = ['--n-gpu-layers', ALL_LAYERS];
  if (devices === undefined || devices.length === 0) return layers;
  const visible = devices.map((_, index) => `CUDA${index}`).join(',');
  return [...layers, '--device', visible, ...splitArgs(devices, tensorSplit)];
}

function splitArgs(devices: readonly string[], tensorSplit: readonly number[] | undefined): readonly string[] {
  if (devices.length === 1) return ['--split-mode', 'none'];
  const mode = ['--split-mode', 'layer'];
  return tensorSplit === undefined ? mode : [...mode, '--tensor-split', tensorSplit.join(',')];
}
