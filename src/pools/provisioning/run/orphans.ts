import { type Clock } from '../../../kernel/clock.js';
import { endProcesses, type EngineProcesses } from './end-processes.js';
import { removeContainer } from './engine-process.js';
import { type EngineRecord, readRecords, removeRecord } from './engine-record.js';
import { bootId, type Process, processOf } from './process-table.js';

const GRACE_MS = 10_000;

/** What became of an engine that a daemon left behind. */
export interface Orphan {
  readonly record: EngineRecord;
  readonly isEnded: boolean;
}

/** Where a record leads. `owned`: the daemon that wrote it lives. */
export type RecordState = 'owned' | 'left' | 'gone';

/** Looks whether the processes of a record, or its daemon, are still those that it was written for. */
export function recordState(
  record: EngineRecord,
  boot = bootId(),
  look: (pid: number) => Process | undefined = processOf,
): RecordState {
  if (record.boot !== boot) return 'gone';
  if (isSame(look(record.daemon.pid), record.daemon.started_at)) return 'owned';
  return 'left';
}

/** The group of a record, only where its first process is surely the recorded one: a stranger's is never touched. */
export function processesOf(
  { pid, started_at, mark }: EngineRecord,
  look: (pid: number) => Process | undefined = processOf,
): EngineProcesses {
  const leader = pid === undefined ? undefined : look(pid);
  return { group: isSame(leader, started_at) ? leader?.pid : undefined, mark };
}

/**
 * Ends the engines that daemons which are gone have left in this folder, and forgets their records.
 * @param poolId of this pool alone
 */
export async function endOrphans(folder: string, clock: Clock, poolId?: string): Promise<readonly Orphan[]> {
  const ofPool = ({ pool_id }: EngineRecord) => poolId === undefined || pool_id === poolId;
  const left = readRecords(folder).filter((record) => ofPool(record) && recordState(record) !== 'owned');
  return Promise.all(left.map(async (record) => ({ record, isEnded: await endOne(folder, record, clock) })));
}

async function endOne(folder: string, record: EngineRecord, clock: Clock): Promise<boolean> {
  const isEnded = recordState(record) === 'gone' || (await endProcesses(processesOf(record), GRACE_MS, clock));
  if (record.container !== undefined) await removeContainer(record.container);
  if (isEnded) removeRecord(folder, record);
  return isEnded;
}

function isSame(process: Process | undefined, startedAt: string | undefined): boolean {
  return process !== undefined && !process.isDead && process.startedAt === startedAt;
}
