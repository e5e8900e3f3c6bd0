import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type CancelTimer, type Clock } from '../../kernel/clock.js';

const DEBOUNCE_MS = 100;
/** Some file systems send no events. */
const POLL_MS = 2_000;

/**
 * Says when one of some files may have changed. It watches their folders, because editors and mounts put a new file in the
 * place of the old one; whether anything changed is for the reader to find out. Keeps no process alive.
 */
export class FileWatch {
  private readonly watchers: FSWatcher[] = [];
  private cancelDebounce: CancelTimer | undefined;
  private cancelPoll: CancelTimer = () => {};

  constructor(
    files: readonly string[],
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {
    for (const folder of new Set(files.map((file) => dirname(file)))) this.watchFolder(folder);
    this.poll();
  }

  close(): void {
    for (const watcher of this.watchers) watcher.close();
    this.cancelDebounce?.();
    this.cancelPoll();
  }

  private watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.stir());
      // A folder that goes is left to the poll.
      watcher.on('error', () => watcher.close());
      this.watchers.push(watcher);
    } catch {
      return;
    }
  }

  /** A file is written in pieces: one look when it has come to rest. */
  private stir(): void {
    this.cancelDebounce?.();
    this.cancelDebounce = this.clock.schedule(DEBOUNCE_MS, this.onChange);
  }

  private poll(): void {
    this.cancelPoll = this.clock.schedule(POLL_MS, () => {
      this.onChange();
      this.poll();
    });
  }
}
