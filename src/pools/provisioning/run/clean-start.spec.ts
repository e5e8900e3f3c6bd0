import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../../../test/support/fake-engine-binary/fake-engine-binary.js';
import { QuietLogger } from '../../../../test/support/quiet-logger.js';
import { parseConfig } from '../../../config/index.js';
import { SystemClock } from '../../../kernel/clock.js';
import { NOTHING_TO_LAUNCH } from '../../launch.js';
import { Pool } from '../../pool.js';
import { CleanStart } from './clean-start.js';
import { type EngineRecord, writeRecord } from './engine-record.js';
import { MARK } from './environment.js';
import { bootId } from './process-table.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-clean-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RECORD: EngineRecord = {
  ...{ version: 1, pool_id: 'a', replica_id: 'a-0', engine: 'acme', port: 9001, mark: 'mark-of-a-0' },
  ...{ daemon: { pid: 2 ** 30, started_at: '1' }, command: 'c', since_ms: 1, boot: bootId() },
};

function newPool(): Pool {
  const { pools } = parseConfig({ pools: [{ id: 'a', engine: 'acme', model: 'm' }] });
  return new Pool(pools[0]!, { connect: () => Promise.reject(new Error('nobody connects')) });
}

describe('a clean start', () => {
  it('lets nobody claim or start anything before what was left is gone (ORCH-4808)', async () => {
    const env = { ...process.env, [MARK]: RECORD.mark };
    const left = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env });
    try {
      writeRecord(folder, { ...RECORD, pid: left.pid });
      const wasAlive: boolean[] = [];
      const launcher = new CleanStart({ clock: new SystemClock(), logger: new QuietLogger(), engines: folder }).before({
        launch: (...start) => {
          wasAlive.push(isAlive(left.pid!));
          return NOTHING_TO_LAUNCH.launch(...start);
        },
      });
      const pool = newPool();
      const launch = () => launcher.launch(pool, pool.replicas[0]!.endpoint, new AbortController().signal);
      await Promise.all([launch(), launch()]);
      expect(wasAlive).toEqual([false, false]);
    } finally {
      left.kill('SIGKILL');
    }
  });

  it('looks once, and does not fail a start where it cannot (ORCH-4808)', async () => {
    const logger = new QuietLogger();
    const cleanStart = new CleanStart({ clock: new BrokenClock(), logger, engines: folder });
    writeRecord(folder, RECORD);
    await cleanStart.clear();
    await cleanStart.clear();
    const [told, ...others] = logger.of('pool_state');
    expect([told?.level, others]).toEqual(['error', []]);
    expect(told?.message).toContain('look at the rights of storage.data_dir');
  });
});

/** Whatever is waited for fails. */
class BrokenClock extends SystemClock {
  override now(): number {
    throw Object.assign(new Error('no'), { code: 'EACCES' });
  }
}
