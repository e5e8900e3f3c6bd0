import { EngineError, type EngineEndpoint, type EngineProgram, type EngineStart } from '@llama-orch/plugin-sdk';

/** How TGI is started. It is installed as a package or a container image, never built here. */
export const tgiProgram: EngineProgram = {
  name: 'text-generation-launcher',
  args: (endpoint, start) => [
    ...['--model-id', weightsOf(endpoint)],
    ...['--hostname', start.host, '--port', String(start.port)],
    // Servers on one machine talk to their shards over sockets of one default name.
    ...['--shard-uds-path', `/tmp/llama-orch-tgi-${start.port}`],
    ...['--max-concurrent-requests', String(endpoint.slots)],
    ...contextArgs(endpoint),
    ...shardArgs(endpoint, start),
  ],
  reserved: [
    ...['--model-id', '--hostname', '--port', '-p', '--shard-uds-path', '--max-concurrent-requests'],
    ...['--max-total-tokens', '--max-input-tokens', '--max-input-length', '--num-shard', '--sharded'],
  ],
};

function weightsOf({ model, poolId }: EngineEndpoint): string {
  if (model.path !== undefined) return model.path;
  throw new EngineError(
    'invalid-input',
    `Pool ${poolId} starts its own TGI, which needs local weights: name them as model: file:/…, or in provisioning.model.`,
    { reason: 'model_missing' },
  );
}

/** A prompt may take all but one token of the context. */
function contextArgs({ contextTokens }: EngineEndpoint): readonly string[] {
  if (contextTokens === undefined) return [];
  return ['--max-total-tokens', String(contextTokens), '--max-input-tokens', String(contextTokens - 1)];
}

/** One shard on each device that the host lets the process see; the weights are split evenly. */
function shardArgs({ devices = [], tensorSplit, poolId }: EngineEndpoint, { device }: EngineStart): readonly string[] {
  const refuse = (what: string): never => {
    throw new EngineError('invalid-input', `Pool ${poolId}: ${what}`, { reason: 'not_supported' });
  };
  if (device === 'cpu') return refuse('TGI is started on GPUs only; give the pool devices, or name its endpoint.');
  if (tensorSplit?.some((share) => share !== tensorSplit[0]) === true) {
    return refuse('TGI splits weights evenly; leave tensor_split out.');
  }
  return ['--num-shard', String(Math.max(1, devices.length))];
}
