import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { eventually } from '../../../test/support/eventually.js';
import { FileWatch } from './file-watch.js';

let folder: string;
let watch: FileWatch | undefined;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'llama-orch-watch-'))));
afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true, force: true });
});

function watching(files: readonly string[]): { readonly clock: FakeClock; readonly looks: () => number } {
  const clock = new FakeClock();
  let looks = 0;
  watch = new FileWatch(files, clock, () => void (looks += 1));
  return { clock, looks: () => looks };
}

describe('FileWatch', () => {
  it('looks once when a file that others replaced has come to rest (ORCH-4702)', async () => {
    const file = join(folder, 'a.wasm');
    writeFileSync(file, 'one');
    const { clock, looks } = watching([file]);
    writeFileSync(`${file}.part`, 'two');
    renameSync(`${file}.part`, file);
    // The debounce is the timer beside that of the poll.
    await eventually(() => expect(clock.pending).toBe(2));
    expect(looks()).toBe(0);
    clock.leap(100);
    expect(looks()).toBe(1);
  });

  it('looks now and then where no event comes, also at folders that are not there (ORCH-4702)', () => {
    const { clock, looks } = watching([join(folder, 'gone', 'a.wasm')]);
    clock.leap(2_000);
    clock.leap(2_000);
    expect(looks()).toBe(2);
  });

  it('leaves no timer behind (ORCH-4702)', () => {
    const { clock } = watching([join(folder, 'a.wasm')]);
    watch?.close();
    expect(clock.pending).toBe(0);
  });
});
