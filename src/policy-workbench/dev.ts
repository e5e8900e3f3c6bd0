import { watch } from 'node:fs';
import { resolve } from 'node:path';
import { type BuiltPolicy } from '@llama-orch/policy-sdk/build';
import { SystemClock } from '../kernel/clock.js';
import { type Desk, type Outcome } from './desk.js';
import { buildOutcome, moduleFile, packageFolder, testBuilt, withBuilt, writeModule } from './package-jobs.js';

interface DevJob {
  readonly folder: string;
  /** The module that the daemon's config names. */
  readonly into: string | undefined;
  readonly once: boolean;
}

/** What the daemon decided lately, one line each; called while nothing else is to be done. */
export type NewDecisions = () => Promise<readonly string[]>;

/** Editors write a file in several steps. */
const SETTLE_MS = 50;
const LOOK_MS = 1_000;
/** What builds write, wherever it goes, is no change of a source. */
const BUILT = /(?:^|[/\\])(?:dist|node_modules|\.git)(?:[/\\]|$)|\.(?:wasm|part)$/;

/** Builds, tests and swaps in at each change until it is interrupted; shows the decisions of the daemon meanwhile. */
export async function dev(job: DevJob, desk: Desk, decisions: NewDecisions): Promise<Outcome> {
  const folder = packageFolder(job.folder, desk.cwd);
  if (job.once) return round(job, folder, desk);
  // Before the first build, so that what is saved meanwhile counts.
  const changes = new Changes(folder, desk.signal);
  const show = newcomers(desk, decisions);
  // From now on.
  show();
  let last = await round(job, folder, desk);
  desk.say(`watching ${folder}; Ctrl-C ends`);
  while (!desk.signal.aborted) {
    if (await changes.next(LOOK_MS)) last = await round(job, folder, desk);
    else show();
  }
  changes.close();
  return last;
}

/** Shows what the daemon decided. One that is slow to answer holds up nothing. */
function newcomers({ say }: Desk, decisions: NewDecisions): () => void {
  let isAsking = false;
  return () => {
    if (isAsking) return;
    isAsking = true;
    void decisions().then((lines) => {
      isAsking = false;
      for (const line of lines) say(line);
    });
  };
}

async function round({ into }: DevJob, folder: string, desk: Desk): Promise<Outcome> {
  try {
    return await withBuilt(folder, async (tried) => {
      const file = moduleFile(folder, tried.built);
      const built = buildOutcome(tried, file);
      const tested = built.ok ? await testBuilt(folder, tried, false) : built;
      desk.say((tested.ok ? built : tested).text.trimEnd());
      if (tested.ok) swapIn(tried.built, [file, ...(into === undefined ? [] : [resolve(desk.cwd, into)])], desk);
      return { ...tested, text: '', document: { built: built.document, tested: tested.document } };
    });
  } catch (error) {
    // Ctrl-C ends the compiler too.
    if (desk.signal.aborted) return { document: { error: 'interrupted' }, text: '', ok: true };
    const message = error instanceof Error ? error.message : String(error);
    desk.say(message);
    return { document: { error: message }, text: '', ok: false };
  }
}

/** Nothing is swapped in that fails a test. */
function swapIn(built: BuiltPolicy, files: readonly string[], { say }: Desk): void {
  for (const file of new Set(files)) writeModule(built, file);
  for (const file of files.slice(1)) say(`  swapped into ${file}`);
}

const clock = new SystemClock();

function pause(ms: number): Promise<void> {
  return new Promise((done) => void clock.schedule(ms, done));
}

/** Changes of sources, many at once told as one. */
class Changes {
  private wake: (() => void) | undefined;
  private changed = false;
  private readonly watcher;

  constructor(folder: string, signal: AbortSignal) {
    this.watcher = watch(folder, { recursive: true }, (_event, name) => {
      if (name === null || BUILT.test(name)) return;
      this.changed = true;
      this.wake?.();
    });
    signal.addEventListener('abort', () => this.wake?.(), { once: true });
  }

  /** True when something changed within this time. */
  async next(limitMs: number): Promise<boolean> {
    if (!this.changed) await this.waken(limitMs);
    if (!this.changed) return false;
    await pause(SETTLE_MS);
    this.changed = false;
    return true;
  }

  close(): void {
    this.watcher.close();
  }

  private waken(limitMs: number): Promise<void> {
    return new Promise((done) => {
      const timer = clock.schedule(limitMs, () => done());
      this.wake = () => {
        timer();
        done();
      };
    });
  }
}
