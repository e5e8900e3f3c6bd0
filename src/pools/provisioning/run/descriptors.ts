import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { type StdioOptions } from 'node:child_process';

const CLOSE_ON_EXEC = 0o2_000_000;
const FIRST_BEYOND_STANDARD = 3;

/** Descriptors that a child would inherit: those that this process got at its start, since Node opens none of that kind. */
function inheritable(): readonly number[] {
  try {
    const all = readdirSync('/proc/self/fd').map(Number);
    return all.filter((fd) => fd >= FIRST_BEYOND_STANDARD && !closesOnExec(fd));
  } catch {
    return [];
  }
}

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    // It was the one of the folder that was read.
    return true;
  }
}

let leaking: readonly number[] | undefined;

/**
 * Runs `start` with the descriptors of an engine: no input, output to the log, and `/dev/null` in the place of whatever the
 * daemon was started with.
 */
export function withDescriptors<Value>(log: number, start: (stdio: StdioOptions) => Value): Value {
  leaking ??= inheritable();
  if (leaking.length === 0) return start(['ignore', log, log]);
  const nothing = openSync('/dev/null', 'r');
  const stdio = Array.from({ length: Math.max(...leaking) + 1 }, (_, fd) =>
    leaking?.includes(fd) ? nothing : 'ignore',
  );
  try {
    return start(['ignore', log, log, ...stdio.slice(FIRST_BEYOND_STANDARD)]);
  } finally {
    closeSync(nothing);
  }
}
