import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HOLDER = 'holder.json';

/** Says who uses the folder. It is for people; the lock itself does not depend on it, nor does a start on a full disk. */
export function signHolder(folder: string, epochMs: number): void {
  const since = new Date(epochMs).toISOString();
  try {
    writeFileSync(join(folder, HOLDER), JSON.stringify({ pid: process.pid, since }), { mode: 0o600 });
  } catch {
    // Whoever finds the folder in use is told so without a name.
  }
}

/** Words for whoever signed last, if that one is still there: a backup that holds the folder does not sign. */
export function holderOf(folder: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(join(folder, HOLDER), 'utf8')) as { pid: number; since: string };
    process.kill(pid, 0);
    return `the llama-orch process ${pid}, since ${since}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'the llama-orch of another user' : 'another process';
  }
}
