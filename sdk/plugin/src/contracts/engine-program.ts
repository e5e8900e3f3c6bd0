import type { EngineEndpoint } from './engine.js';

/** Where an engine that the host starts has to listen, and on what it computes. */
export interface EngineStart {
  /** The address to bind; never another one. */
  readonly host: string;
  readonly port: number;
  /** `gpu` never falls back to the CPU: an engine that finds no GPU has to end. */
  readonly device: 'cpu' | 'gpu';
}

/** What the host has to know to start an engine as a process of its own. Plain facts and pure functions. */
export interface EngineProgram {
  /** File name of the program, such as `acme-server`; packages and builds are searched for it. */
  readonly name: string;
  /**
   * Arguments that serve `endpoint.model.path` at the given address. The operator's own flags follow them.
   * @throws EngineError `invalid-input` when the endpoint cannot be served so
   */
  args(endpoint: EngineEndpoint, start: EngineStart): readonly string[];
  /** Arguments that decide where it listens or what it serves; operators may not give them. */
  readonly reserved: readonly string[];
  /** How the program is made from its sources with CMake. Default: it cannot be. */
  readonly build?: EngineBuild;
}

/** A CMake project that makes an engine. */
export interface EngineBuild {
  readonly target: string;
  /** Cache entries of every build, such as `-DACME_SERVER=ON`. */
  readonly flags: readonly string[];
  /** Further ones that make it compute on NVIDIA GPUs. */
  readonly gpuFlags: readonly string[];
  /** Where the program lies inside the build folder. */
  readonly output: string;
}
