import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineLog } from './engine-log.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-log-'));
  path = join(folder, 'a-0.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the log of an engine', () => {
  it('begins anew when it has grown, keeps the older files, and goes on in the same descriptor (ORCH-3207)', async () => {
    const log = new EngineLog(path, { bytes: 10, older: 2 });
    for (const line of ['first line\n', 'second line\n', 'third line\n', 'x\n']) {
      writeSync(log.fd, line);
      await log.rotateIfGrown();
    }
    expect(readFileSync(path, 'utf8')).toBe('x\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('third line\n');
    expect(readFileSync(`${path}.2`, 'utf8')).toBe('second line\n');
    expect(existsSync(`${path}.3`)).toBe(false);
    expect(log.tail).toBe('x\n');
    await log.close();
  });

  it('begins anew when an engine that printed much has ended, and keeps no more of it than is worth it (ORCH-3207)', async () => {
    for (const start of ['a', 'b', 'c', 'd']) {
      const log = new EngineLog(path, { bytes: 10, older: 1 });
      writeSync(log.fd, start.repeat(500));
      await log.close();
    }
    expect(statSync(path).size).toBe(0);
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('d'.repeat(20));
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.2`)).toBe(false);
  });

  it('shows the end of this start alone, and is its owner’s (ORCH-3207)', async () => {
    const first = new EngineLog(path);
    writeSync(first.fd, 'CUDA error: out of memory\n');
    await first.close();
    const second = new EngineLog(path);
    writeSync(second.fd, 'fine\n');
    expect(second.tail).toBe('fine\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await second.close();
    expect(second.tail).toBe('');
    await second.close();
  });
});
