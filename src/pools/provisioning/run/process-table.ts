import { readdir, readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { MARK } from './environment.js';

const PROC = '/proc';

/** One process as Linux shows it. */
export interface Process {
  readonly pid: number;
  readonly group: number;
  /** Ticks from boot to its start: with the pid, the name of one process. */
  readonly startedAt: string;
  readonly isDead: boolean;
}

/** Reads one line of `/proc/<pid>/stat`. The second field may hold anything, so what follows its last `)` counts. */
export function parseStat(line: string): Process | undefined {
  const pid = Number.parseInt(line, 10);
  const [state = '', , group, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startedAt = rest[16];
  if (!(pid > 0) || startedAt === undefined) return undefined;
  return { pid, group: Number(group), startedAt, isDead: state === 'Z' || state === 'X' };
}

/** Undefined when there is no such process, or the system does not show it. */
export function processOf(pid: number): Process | undefined {
  try {
    return parseStat(readFileSync(`${PROC}/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** A name of this boot, or the empty text where the system has none. */
export function bootId(): string {
  try {
    return readFileSync(`${PROC}/sys/kernel/random/boot_id`, 'latin1').trim();
  } catch {
    return '';
  }
}

/** Living processes of a group, and those elsewhere that carry the mark. Empty where there is no `/proc`. */
export async function membersOf(group: number | undefined, mark: string): Promise<readonly number[]> {
  const names = await readdir(PROC).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await belongs(pid, group, mark)) ? [pid] : [])));
  return found.flat();
}

async function belongs(pid: number, group: number | undefined, mark: string): Promise<boolean> {
  const stat = await readFile(`${PROC}/${pid}/stat`, 'latin1').catch(() => '');
  const process = parseStat(stat);
  if (process === undefined || process.isDead) return false;
  if (group !== undefined && process.group === group) return true;
  const environment = await readFile(`${PROC}/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').includes(`${MARK}=${mark}`);
}
