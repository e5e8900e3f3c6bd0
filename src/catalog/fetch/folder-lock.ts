import { readFile, rm, writeFile } from 'node:fs/promises';
import { bootId } from './part-state.js';

const OWNER_FILE = 0o600;

/** Says that one process writes to a folder. What a process left that is gone, or of an earlier start, does not count. */
export class FolderLock {
  private isHeld = false;

  constructor(private readonly path: string) {}

  /** False: another process has it. */
  async take(): Promise<boolean> {
    const mine = `${process.pid} ${await bootId()}`;
    for (let tries = 0; tries < 2 && !this.isHeld; tries += 1) {
      this.isHeld = await this.made(mine);
      if (!this.isHeld && !(await this.isStale(mine))) return false;
      if (!this.isHeld) await rm(this.path, { force: true });
    }
    return this.isHeld;
  }

  /** Harmless when it was not taken. */
  async release(): Promise<void> {
    if (this.isHeld) await rm(this.path, { force: true });
    this.isHeld = false;
  }

  private async made(mine: string): Promise<boolean> {
    try {
      await writeFile(this.path, mine, { flag: 'wx', mode: OWNER_FILE });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  private async isStale(mine: string): Promise<boolean> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    const [pid, boot] = text.split(' ');
    const [, bootNow] = mine.split(' ');
    return text === mine || boot !== bootNow || !isAlive(Number(pid));
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
