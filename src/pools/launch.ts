import { type EngineDescription, type EngineEndpoint, type EngineError } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { type Pool } from './pool.js';

/** What one start of a replica holds until it has ended: memory on devices, a process. */
export interface Launch {
  /** Where the adapter finds the engine. */
  readonly endpoint: EngineEndpoint;
  /** Settles when what was launched is gone for good. Absent: the connection finds out. */
  readonly lost?: Promise<EngineError>;
  /** Called when the engine has said what it is. @throws EngineError when that is not what was asked for */
  described?(description: EngineDescription): Promise<void>;
  /** Called when the engine has shown that it decodes. */
  loaded?(): void;
  /** Called when the start failed, when its engine was lost, and when it ran out of memory; `end` follows unless it lives on. */
  failed?(error: EngineError): void;
  /** Gives everything back; the connection is closed by then. Calling twice is harmless. */
  end(): Promise<void>;
}

/** Prepares a start of a replica. Launchers wrap each other: devices are claimed before a process is started on them. */
export interface Launcher {
  /**
   * `endpoint` is what the configuration says of the replica; the answer may add to it.
   * @throws EngineError when the replica cannot start now
   */
  launch(pool: Pool, endpoint: EngineEndpoint, stop: AbortSignal): Promise<Launch>;
}

/** For engines that run elsewhere, and for adapters that start theirs. */
export const NOTHING_TO_LAUNCH: Launcher = {
  launch: (_pool, endpoint) => Promise.resolve({ endpoint, end: () => Promise.resolve() }),
};

/** A closed connection is seen before the end of the process that caused it. */
const CAUSE_MS = 200;

/** Why a start failed: when what was launched is lost too, that is the cause of what its adapter saw. */
export async function causeOf(error: EngineError, launch: Launch | undefined, clock: Clock): Promise<EngineError> {
  if (launch?.lost === undefined) return error;
  let cancelTimer = () => {};
  const nothing = new Promise<EngineError>((resolve) => (cancelTimer = clock.schedule(CAUSE_MS, () => resolve(error))));
  return Promise.race([launch.lost, nothing]).finally(() => cancelTimer());
}
