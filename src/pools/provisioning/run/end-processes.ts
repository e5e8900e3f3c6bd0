import { type Clock } from '../../../kernel/clock.js';
import { pause } from '../../wait.js';
import { membersOf } from './process-table.js';

const FIRST_PAUSE_MS = 20;
/** Each look goes through all processes of the machine. */
const LONGEST_PAUSE_MS = 250;
/** A killed process is gone as soon as the kernel gets to it. */
const AFTER_KILL_MS = 2_000;
const NEVER = new AbortController().signal;

/** The processes of one engine: those of a group, where it is surely the engine's, and all that carry its mark. */
export interface EngineProcesses {
  readonly group: number | undefined;
  readonly mark: string;
}

/** SIGTERM, time to end, then SIGKILL. Answers true when none is left. */
export async function endProcesses(of: EngineProcesses, graceMs: number, clock: Clock): Promise<boolean> {
  if (graceMs > 0) {
    signal(await membersOf(of.group, of.mark), 'SIGTERM');
    if (await allGone(of, graceMs, clock)) return true;
  }
  return killProcesses(of, clock);
}

async function killProcesses(of: EngineProcesses, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + AFTER_KILL_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = longer(pauseMs)) {
    const left = await membersOf(of.group, of.mark);
    if (left.length === 0) return true;
    signal(left, 'SIGKILL');
    if (clock.now() > deadline) return false;
    await pause(pauseMs, clock, NEVER);
  }
}

async function allGone(of: EngineProcesses, withinMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + withinMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = longer(pauseMs)) {
    if ((await membersOf(of.group, of.mark)).length === 0) return true;
    if (clock.now() > deadline) return false;
    await pause(pauseMs, clock, NEVER);
  }
}

function longer(pauseMs: number): number {
  return Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) send(pid, name);
}

/** Sends a signal to a process, or with a negative number to a group. One that is gone already is no fault. */
export function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}
