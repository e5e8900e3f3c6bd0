import { type Disk } from './disk.js';

/** Brings names in folders to disk. Who asks while one call is under way shares the next one. */
export class FolderSync {
  private readonly running = new Map<string, Promise<void>>();
  private readonly next = new Map<string, Promise<void>>();

  constructor(private readonly disk: Disk) {}

  /** Resolves once all names that stand in the folder now are durable. */
  of(folder: string): Promise<void> {
    const running = this.running.get(folder);
    if (running === undefined) return this.run(folder);
    const next = this.next.get(folder) ?? this.after(running, folder);
    this.next.set(folder, next);
    return next;
  }

  private run(folder: string): Promise<void> {
    const run = this.disk.syncFolder(folder).finally(() => this.running.delete(folder));
    this.running.set(folder, run);
    return run;
  }

  private async after(running: Promise<void>, folder: string): Promise<void> {
    await running.catch(() => {});
    this.next.delete(folder);
    await this.run(folder);
  }
}
