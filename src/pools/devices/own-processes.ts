import { readFileSync } from 'node:fs';

const MOST_HOPS = 64;

/** True for the daemon and every process that descends from it. A port, as tests have no drivers. */
export type IsOurs = (pid: number) => boolean;

/** Asks the kernel who started a process; where it does not tell, nobody is ours. */
export const descendsFromDaemon: IsOurs = (pid) => {
  let current: number | undefined = pid;
  for (let hops = 0; current !== undefined && current > 1 && hops < MOST_HOPS; hops++) {
    if (current === process.pid) return true;
    current = parentOf(current);
  }
  return false;
};

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program stands in parentheses and may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
