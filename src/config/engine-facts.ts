/** What a pool computes on: GPUs, the CPU, or somebody else's machine. */
export type Device = 'cpu' | 'gpu' | 'remote';

interface EngineFacts {
  readonly device: Device;
  /** The adapter talks to a running server: one at an endpoint, or one that provisioning starts. */
  readonly needsEndpoint: boolean;
  /** The adapter brings its engine along, so nobody provisions it. */
  readonly startsItself?: boolean;
}

const SERVED_ON_GPU: EngineFacts = { device: 'gpu', needsEndpoint: true };
const IN_PROCESS: EngineFacts = { device: 'cpu', needsEndpoint: false, startsItself: true };
const OF_A_PLUGIN: EngineFacts = { device: 'gpu', needsEndpoint: false };

const KNOWN: ReadonlyMap<string, EngineFacts> = new Map([
  ['embedded', IN_PROCESS],
  ['mock', IN_PROCESS],
  ['llamacpp', SERVED_ON_GPU],
  ['openai', { device: 'remote', needsEndpoint: true }],
  ['tgi', SERVED_ON_GPU],
  ['triton', SERVED_ON_GPU],
  ['vllm', SERVED_ON_GPU],
]);

/** Defaults and needs of an engine id. Ids are open: an unknown one belongs to a plugin, which checks its own needs. */
export function engineFacts(engine: string): EngineFacts {
  return KNOWN.get(engine) ?? OF_A_PLUGIN;
}

/** Ids of the engines that come with llama-orch. */
export function knownEngines(): string[] {
  return [...KNOWN.keys()];
}
