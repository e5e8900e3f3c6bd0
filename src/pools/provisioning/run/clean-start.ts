import { type Clock } from '../../../kernel/clock.js';
import { type Logger } from '../../../observability/logger.js';
import { type Launcher } from '../../launch.js';
import { endOrphans } from './orphans.js';

export interface CleanStartPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Folder of the records of engines. */
  readonly engines: string;
}

/** Ends what earlier daemons left behind, once: its memory is wanted again. */
export class CleanStart {
  private cleared: Promise<void> | undefined;

  constructor(private readonly ports: CleanStartPorts) {}

  /** To be called once the data folder is surely ours. Never fails; a second call waits for the first. */
  clear(): Promise<void> {
    this.cleared ??= this.sweep().catch((error: unknown) => {
      const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
      const hint = 'look at the rights of storage.data_dir';
      this.ports.logger.error('pool_state', `engines of an earlier daemon cannot be looked for (${why}); ${hint}`);
    });
    return this.cleared;
  }

  /** A launcher that claims and starts nothing before all of it is gone. */
  before(launcher: Launcher): Launcher {
    return {
      launch: async (pool, endpoint, stop) => {
        await this.clear();
        return launcher.launch(pool, endpoint, stop);
      },
    };
  }

  private async sweep(): Promise<void> {
    const { clock, engines, logger } = this.ports;
    for (const { record, isEnded } of await endOrphans(engines, clock)) {
      const { pool_id, replica_id } = record;
      if (isEnded) logger.warn('pool_state', `an engine of an earlier daemon was ended`, { pool_id, replica_id });
      else logger.error('pool_state', `an engine of an earlier daemon cannot be ended`, { pool_id, replica_id });
    }
  }
}
