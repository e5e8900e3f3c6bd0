import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.mjs', import.meta.url));

/** What the program writes with `--fake-report`. */
export interface FakeReport {
  readonly pid: number;
  /** Those that it started. */
  readonly pids: readonly number[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the program in a folder, so that it is run by the Node that runs the test; answers its path. */
export function fakeEngineBinary(folder: string, name = 'llama-server'): string {
  const path = join(folder, name);
  // A shell has opened nothing of its own yet but its script.
  const descriptors = '[ -z "$FAKE_DESCRIPTORS" ] || ls -l /proc/$$/fd > "$FAKE_DESCRIPTORS"';
  writeFileSync(
    path,
    `#!/bin/sh\n${descriptors}\nexec "${process.execPath}" --disable-warning=ExperimentalWarning "${MAIN}" "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** The report of an engine that was started with `--fake-report path`; undefined while it is not there. */
export function reportAt(path: string): FakeReport | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FakeReport) : undefined;
}

/** True while the process is there and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
