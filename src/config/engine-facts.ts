/** What a pool computes on: GPUs, the CPU, or somebody else's machine. */
export type Device = 'cpu' | 'gpu' | 'remote';

interface EngineFacts {
  readonly device: Device;
  /** The adapter talks to a running server and has no way to start one. */
  readonly needsEndpoint: boolean;
}

const SERVED_ON_GPU: EngineFacts = { device: 'gpu', needsEndpoint: true };
const IN_PROCESS: EngineFacts = { device: 'cpu', needsEndpoint: false };
const OF_A_PLUGIN: EngineFacts = { device: 'gpu', needsEndpoint: false };

const KNOWN: ReadonlyMap<string, EngineFacts> = new Map([
  ['embedded', IN_PROCESS],
  ['mock', IN_PROCESS],
  ['llamacpp', SERVED_ON_GPU],
]);

/** Defaults and needs of an engine id. Ids are open: an unknown one belongs to a plugin, which checks its own needs. */
export function engineFacts(engine: string): EngineFacts {
  return KNOWN.get(engine) ?? OF_A_PLUGIN;
}
