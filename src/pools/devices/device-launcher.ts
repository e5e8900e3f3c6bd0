import { type EngineEndpoint, EngineError, type GpuDevice } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../kernel/clock.js';
import { type Launch, type Launcher } from '../launch.js';
import { type Pool } from '../pool.js';
import { pause } from '../wait.js';
import { type Hold } from './holds.js';

/** What an attempt to claim memory came to. */
export type Attempt =
  | { readonly type: 'held'; readonly hold: Hold }
  /** Room is about to come free. */
  | { readonly type: 'wait' }
  | { readonly type: 'refused'; readonly error: EngineError };

/** Memory that starts of replicas claim. */
export interface Claims {
  /** True when a start of the pool needs memory that is counted here. */
  concerns(pool: Pool): boolean;
  /** What the start is to be like; the memory that there is may ask for less than was configured. */
  prepare(pool: Pool, endpoint: EngineEndpoint): Promise<EngineEndpoint>;
  /** Looks at the memory anew and claims what the start needs. */
  attempt(pool: Pool, endpoint: EngineEndpoint): Promise<Attempt>;
  loaded(hold: Hold): void;
  end(hold: Hold): void;
  /** The engine that was started on the hold failed. */
  failed?(hold: Hold, error: EngineError): void;
  /** Settles when a device of the hold fails. Absent: none can. */
  lost?(hold: Hold): Promise<EngineError>;
}

const WAIT_MS = 500;

/** Claims memory before anything is started, and gives it back when everything is closed. */
export class DeviceLauncher implements Launcher {
  constructor(
    private readonly inner: Launcher,
    private readonly claims: Claims,
    private readonly clock: Clock,
  ) {}

  async launch(pool: Pool, endpoint: EngineEndpoint, stop: AbortSignal): Promise<Launch> {
    if (!this.claims.concerns(pool)) return this.inner.launch(pool, endpoint, stop);
    const prepared = await this.claims.prepare(pool, endpoint);
    const hold = await this.hold(pool, prepared, stop);
    try {
      const launch = await this.inner.launch(pool, onDevices(prepared, hold), stop);
      return new HeldLaunch(launch, hold, this.claims);
    } catch (error) {
      this.claims.end(hold);
      throw error;
    }
  }

  /** Waits only for what is under way here already: a load that settles, memory that an ended engine gives back. */
  private async hold(pool: Pool, endpoint: EngineEndpoint, stop: AbortSignal): Promise<Hold> {
    const { clock, claims } = this;
    const deadline = clock.now() + endpoint.loadTimeoutMs;
    for (;;) {
      const attempt = await claims.attempt(pool, endpoint);
      if (stop.aborted) {
        if (attempt.type === 'held') claims.end(attempt.hold);
        throw new EngineError('unavailable', 'the start was called off');
      }
      if (attempt.type === 'held') return attempt.hold;
      if (attempt.type === 'refused') throw attempt.error;
      if (clock.now() >= deadline)
        throw new EngineError('timeout', `replica ${endpoint.replicaId} waited too long for another load to end`);
      await pause(WAIT_MS, clock, stop);
    }
  }
}

function onDevices(endpoint: EngineEndpoint, { devices, pool }: Hold): EngineEndpoint {
  if (devices.length === 0) return endpoint;
  const { tensor_split, homogeneous } = pool.config;
  const tensorSplit = tensor_split ?? (homogeneous ? devices.map(() => 1 / devices.length) : undefined);
  return {
    ...endpoint,
    devices: devices.map(visibleAs),
    ...(tensorSplit === undefined ? {} : { tensorSplit }),
  };
}

/** What the driver knows a device by; one that was only declared has its index. */
function visibleAs({ id, index }: GpuDevice): string {
  return /^(?:GPU|MIG)-/.test(id) ? id : String(index);
}

class HeldLaunch implements Launch {
  readonly endpoint: EngineEndpoint;
  readonly lost?: Promise<EngineError>;

  constructor(
    private readonly inner: Launch,
    private readonly hold: Hold,
    private readonly claims: Claims,
  ) {
    this.endpoint = inner.endpoint;
    const losses = [inner.lost, claims.lost?.(hold)].filter((loss) => loss !== undefined);
    if (losses.length > 0) this.lost = Promise.race(losses);
  }

  loaded(): void {
    this.claims.loaded(this.hold);
    this.inner.loaded?.();
  }

  failed(error: EngineError): void {
    this.claims.failed?.(this.hold, error);
    this.inner.failed?.(error);
  }

  async end(): Promise<void> {
    try {
      await this.inner.end();
    } finally {
      this.claims.end(this.hold);
    }
  }
}
