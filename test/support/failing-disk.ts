import { type FileHandle, open } from 'node:fs/promises';
import { type OpenFile } from '../../src/persistence/audit/append-file.js';

const OPERATIONS = ['write', 'datasync', 'truncate', 'stat'] as const;
type Operation = (typeof OPERATIONS)[number];

/** A disk of which single operations fail, or all from one on; half of what should be written may be on it then. */
export class FailingDisk {
  /** Operations so far. */
  count = 0;
  /** Tells of an operation, by its number from 1 on, whether it fails. */
  fails: (operation: number) => boolean = () => false;

  readonly open: OpenFile = async (path, flags, mode) => {
    this.pass();
    return this.wrapped(await open(path, flags, mode));
  };

  private wrapped(handle: FileHandle): FileHandle {
    return new Proxy(handle, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const method = member.bind(target) as (...given: unknown[]) => unknown;
        if (!OPERATIONS.includes(name as Operation)) return method;
        return async (...given: unknown[]) => {
          if (this.isFailing() && name === 'write') await writeHalf(target, given as Parameters<typeof writeHalf>[1]);
          this.pass();
          return method(...given);
        };
      },
    });
  }

  private isFailing(): boolean {
    return this.fails(this.count + 1);
  }

  private pass(): void {
    this.count++;
    if (this.fails(this.count)) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }
}

async function writeHalf(handle: FileHandle, [bytes, from, length, at]: [Uint8Array, number, number, number]) {
  await handle.write(bytes, from, Math.floor(length / 2), at);
}
