import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../../kernel/clock.js';
import { MARK } from './environment.js';
import { type EngineRecord, readRecords, recordPath, removeRecord, writeRecord } from './engine-record.js';
import { endOrphans, processesOf, recordState } from './orphans.js';
import { bootId, parseStat, type Process, processOf } from './process-table.js';

const RECORD: EngineRecord = {
  ...{ version: 1, pool_id: 'a', replica_id: 'a-0', engine: 'acme', port: 9001, mark: 'mark-of-a-0' },
  ...{ boot: 'boot', pid: 40, started_at: '1000', daemon: { pid: 30, started_at: '900' }, command: 'c', since_ms: 1 },
};

function running(...processes: readonly Process[]): (pid: number) => Process | undefined {
  return (wanted) => processes.find(({ pid }) => pid === wanted);
}

const DAEMON: Process = { pid: 30, group: 30, startedAt: '900', isDead: false };
const ENGINE: Process = { pid: 40, group: 40, startedAt: '1000', isDead: false };

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-orphans-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the record of an engine', () => {
  it.each<[string, string, readonly Process[], string]>([
    ['its daemon lives', 'boot', [DAEMON, ENGINE], 'owned'],
    ['its daemon is gone', 'boot', [ENGINE], 'left'],
    ['another process has the number of its daemon', 'boot', [{ ...DAEMON, startedAt: '901' }], 'left'],
    ['its daemon is a zombie', 'boot', [{ ...DAEMON, isDead: true }], 'left'],
    ['the machine was started anew', 'later', [DAEMON, ENGINE], 'gone'],
  ])('is looked at when %s (ORCH-4808)', (_when, boot, processes, state) => {
    expect(recordState(RECORD, boot, running(...processes))).toBe(state);
  });

  it('leads to a group only while its first process is the recorded one (ORCH-4808)', () => {
    expect(processesOf(RECORD, running(ENGINE))).toEqual({ group: 40, mark: 'mark-of-a-0' });
    expect(processesOf(RECORD, running({ ...ENGINE, startedAt: '2000' })).group).toBeUndefined();
    expect(processesOf(RECORD, running()).group).toBeUndefined();
    expect(processesOf({ ...RECORD, pid: undefined }, running(ENGINE)).group).toBeUndefined();
  });

  it('is read as it was written; what is no record is passed over (ORCH-4808)', () => {
    writeRecord(folder, RECORD);
    writeFileSync(join(folder, 'b-0.json'), '{"version":1}');
    writeFileSync(join(folder, 'c-0.json'), 'half a rec');
    expect(readRecords(folder)).toEqual([RECORD]);
    removeRecord(folder, { ...RECORD, mark: 'another start' });
    expect(existsSync(recordPath(folder, 'a-0'))).toBe(true);
    removeRecord(folder, RECORD);
    expect(readRecords(folder)).toEqual([]);
    expect(readRecords(join(folder, 'nowhere'))).toEqual([]);
  });
});

describe('the table of processes', () => {
  it('is read past names that hold anything (ORCH-4808)', () => {
    const rest = '1 40 40 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 11 0 1000 99';
    expect(parseStat(`40 (a) R (b)) S ${rest}`)).toEqual(ENGINE);
    expect(parseStat(`40 (x) Z ${rest}`)).toMatchObject({ isDead: true });
    expect(parseStat('')).toBeUndefined();
  });

  it('knows this process', () => {
    expect(processOf(process.pid)).toMatchObject({ pid: process.pid, isDead: false });
    expect(processOf(2 ** 30)).toBeUndefined();
  });
});

describe('ending what a daemon left', () => {
  it('ends the marked process and never a stranger that got its number (ORCH-4808)', async () => {
    const env = { ...process.env, [MARK]: RECORD.mark };
    const own = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env });
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const ended = once(own, 'exit');
    try {
      // The number is the stranger's by now, as the start shows.
      writeRecord(folder, { ...RECORD, boot: bootId(), pid: stranger.pid, started_at: '1' });
      const orphans = await endOrphans(folder, new SystemClock());
      expect(orphans.map(({ record, isEnded }) => [record.replica_id, isEnded])).toEqual([['a-0', true]]);
      expect((await ended)[1]).toBe('SIGTERM');
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      expect(readRecords(folder)).toEqual([]);
    } finally {
      own.kill('SIGKILL');
      stranger.kill('SIGKILL');
    }
  });

  it('leaves the engines of a daemon that lives, and of other pools (ORCH-4808)', async () => {
    const daemon = { pid: process.pid, started_at: processOf(process.pid)!.startedAt };
    writeRecord(folder, { ...RECORD, boot: bootId(), daemon });
    writeRecord(folder, { ...RECORD, replica_id: 'b-0', pool_id: 'b', boot: 'an earlier one' });
    expect(await endOrphans(folder, new SystemClock(), 'a')).toEqual([]);
    expect(readRecords(folder)).toHaveLength(2);
  });
});
