import { type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { type Launch, type Launcher } from '../launch.js';
import { type Pool } from '../pool.js';
import { type Residents } from './residents.js';

/** Makes room for starts that find none, and remembers who holds memory. */
export class OnDemandLauncher implements Launcher {
  constructor(
    private readonly residents: Residents,
    private readonly next: Launcher,
  ) {}

  launch(pool: Pool, endpoint: EngineEndpoint, stop: AbortSignal): Promise<Launch> {
    const replica = pool.replicas.find(({ id }) => id === endpoint.replicaId);
    const launch = () => this.next.launch(pool, endpoint, stop);
    // A replica that is tried out beside the pool takes what is free.
    return replica === undefined ? launch() : this.residents.claim(pool, replica, stop, launch);
  }
}
