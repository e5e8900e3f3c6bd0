import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smiOptions } from '../src/options.js';
import { SmiProbe, type SmiSurroundings } from '../src/smi-probe.js';

const SCRIPT = join(import.meta.dirname, 'fake-nvidia-smi.mjs');

export const untilDone = (): AbortSignal => new AbortController().signal;

/** The script that plays nvidia-smi, and the file that says what it plays. */
export class FakeSmi {
  private readonly folder = mkdtempSync(join(tmpdir(), 'fake-nvidia-smi-'));
  private readonly control = join(this.folder, 'play');
  /** What the option `command` takes. */
  readonly command = [process.execPath, SCRIPT, this.control];

  constructor(what: string) {
    this.play(what);
  }

  play(what: string): void {
    writeFileSync(`${this.control}.next`, what);
    renameSync(`${this.control}.next`, this.control);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Time that a test moves; what waits for it runs when its time comes. */
export class HandClock {
  private time = 0;
  private readonly waiting = new Set<{ at: number; run: () => void }>();

  now = (): number => this.time;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.time + ms, run };
    this.waiting.add(timer);
    return () => void this.waiting.delete(timer);
  };

  move(ms: number): void {
    this.time += ms;
    for (const timer of [...this.waiting]) {
      if (timer.at > this.time) continue;
      this.waiting.delete(timer);
      timer.run();
    }
  }
}

/** Lends a probe on the script; both are gone afterwards. */
export async function withSmi(
  what: string,
  use: (probe: SmiProbe, fake: FakeSmi, clock: HandClock) => Promise<void>,
  surroundings: SmiSurroundings = {},
): Promise<void> {
  const fake = new FakeSmi(what);
  const clock = new HandClock();
  try {
    const options = smiOptions.parse({ command: fake.command, interval_ms: 20 });
    const probe = await SmiProbe.open(options, { clock, ...surroundings });
    try {
      await use(probe, fake, clock);
    } finally {
      await probe.close();
    }
  } finally {
    fake.remove();
  }
}
