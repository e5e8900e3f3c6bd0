import { EngineError, type EngineEndpoint, type EngineProgram } from '@llama-orch/plugin-sdk';

/** How vLLM is started. It is installed as a Python package or a container image, never built here. */
export const vllmProgram: EngineProgram = {
  name: 'vllm',
  args: (endpoint, start) => [
    ...['serve', weightsOf(endpoint), `--served-model-name=${endpoint.model.id}`],
    ...['--host', start.host, '--port', String(start.port)],
    ...['--max-num-seqs', String(endpoint.slots)],
    ...contextArgs(endpoint),
    ...deviceArgs(endpoint),
    '--enable-prompt-tokens-details',
  ],
  reserved: [
    ...['--model', '--served-model-name', '--host', '--port', '--uds'],
    ...['--max-num-seqs', '--max-model-len', '--tensor-parallel-size', '-tp'],
  ],
};

function weightsOf({ model, poolId }: EngineEndpoint): string {
  if (model.path !== undefined) return model.path;
  throw new EngineError(
    'invalid-input',
    `Pool ${poolId} starts its own vLLM, which needs local weights: name them as model: file:/…, or in provisioning.model.`,
    { reason: 'model_missing' },
  );
}

function contextArgs({ contextTokens }: EngineEndpoint): readonly string[] {
  return contextTokens === undefined ? [] : ['--max-model-len', String(contextTokens)];
}

/** Weights are split evenly over the devices that the host lets the process see. */
function deviceArgs({ devices = [], tensorSplit, poolId }: EngineEndpoint): readonly string[] {
  if (tensorSplit?.some((share) => share !== tensorSplit[0]) === true) {
    throw new EngineError('invalid-input', `Pool ${poolId}: vLLM splits weights evenly; leave tensor_split out.`, {
      reason: 'not_supported',
    });
  }
  return devices.length > 1 ? ['--tensor-parallel-size', String(devices.length)] : [];
}
