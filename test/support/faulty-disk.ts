import { Disk } from '../../src/persistence/artifacts/disk.js';
import { type FaultMoment } from './faulty-store.js';

/** A disk of which one operation fails: before it did anything, or when it took effect and nobody hears of it. */
export class FaultyDisk extends Disk {
  /** Paths that were asked for, with what was done there. */
  readonly operations: string[] = [];
  private momentOf: (operation: number) => FaultMoment | undefined = () => undefined;

  constructor(private readonly inner: Disk) {
    super();
  }

  /** Lets the n-th operation from now on fail, counted from 1 on, and no other. */
  failAt(n: number, moment: FaultMoment): void {
    const failing = this.operations.length + n;
    this.momentOf = (operation) => (operation === failing ? moment : undefined);
  }

  /** From now on everything works. */
  mend(): void {
    this.momentOf = () => undefined;
  }

  override writeNew(path: string, bytes: Uint8Array): Promise<void> {
    return this.pass(`write ${path}`, () => this.inner.writeNew(path, bytes));
  }

  override rename(from: string, to: string): Promise<void> {
    return this.pass(`rename ${to}`, () => this.inner.rename(from, to));
  }

  override syncFolder(path: string): Promise<void> {
    return this.pass(`sync ${path}`, () => this.inner.syncFolder(path));
  }

  override makeFolder(path: string): Promise<void> {
    return this.pass(`make ${path}`, () => this.inner.makeFolder(path));
  }

  override sizeOf(path: string): Promise<number | undefined> {
    return this.pass(`size ${path}`, () => this.inner.sizeOf(path));
  }

  override read(path: string): Promise<Uint8Array | undefined> {
    return this.pass(`read ${path}`, () => this.inner.read(path));
  }

  override remove(path: string): Promise<void> {
    return this.pass(`remove ${path}`, () => this.inner.remove(path));
  }

  override namesIn(path: string): Promise<readonly string[]> {
    return this.pass(`names ${path}`, () => this.inner.namesIn(path));
  }

  private async pass<Answer>(operation: string, run: () => Promise<Answer>): Promise<Answer> {
    this.operations.push(operation);
    const moment = this.momentOf(this.operations.length);
    if (moment === 'before') throw fault();
    const answer = await run();
    if (moment === 'after') throw fault();
    return answer;
  }
}

function fault(): NodeJS.ErrnoException {
  return Object.assign(new Error('ENOSPC: no space left on device, write /secret/path'), { code: 'ENOSPC' });
}
