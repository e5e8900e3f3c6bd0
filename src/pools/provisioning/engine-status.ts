import { readRecords } from './run/engine-record.js';
import { recordState } from './run/orphans.js';

/** An engine that a daemon has started, as its record has it. */
export interface RunningEngine {
  readonly replica_id: string;
  readonly pid: number | null;
  readonly port: number;
  readonly since_ms: number;
  /** `left`: its daemon is gone. */
  readonly state: 'running' | 'left';
  readonly daemon_pid: number;
}

/** Engines of a pool that are known to run, by the records in this folder. */
export function enginesOf(folder: string, poolId: string): readonly RunningEngine[] {
  return readRecords(folder).flatMap((record) => {
    const state = recordState(record);
    if (record.pool_id !== poolId || state === 'gone') return [];
    const { replica_id, pid = null, port, since_ms, daemon } = record;
    return [
      {
        replica_id,
        pid,
        port,
        since_ms,
        state: state === 'owned' ? 'running' : 'left',
        daemon_pid: daemon.pid,
      } as const,
    ];
  });
}
