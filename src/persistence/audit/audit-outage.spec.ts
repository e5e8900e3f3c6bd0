import { renameSync } from 'node:fs';
import { type AuditLog } from '../../audit/audit-log.js';
import { AuditRig, toolCall } from '../../../test/support/audit-rig.js';
import { FailingDisk } from '../../../test/support/failing-disk.js';
import { eventually } from '../../../test/support/eventually.js';

let rig: AuditRig;
let disk: FailingDisk;
beforeEach(() => {
  rig = new AuditRig();
  disk = new FailingDisk();
});
afterEach(() => rig.remove());

const open = () => rig.open({ open: disk.open, config: { checkpoint_rows: 5 } });
const targets = async (log: AuditLog) => (await log.read({ limit: 1_000 })).map(({ target }) => target);

describe('An audit whose disk is full', () => {
  it('refuses rows with a reason, reads on, and takes rows again by itself (F-08, ORCH-4808)', async () => {
    const log = await open();
    await log.append(toolCall(1));
    disk.fails = () => true;
    const refused = Promise.allSettled([log.append(toolCall(2)), log.append(toolCall(3), { number: 3 })]);
    for (const outcome of await refused) {
      expect(outcome).toMatchObject({
        reason: { code: 'INTERNAL', message: expect.stringContaining('audit') as string },
      });
    }
    expect([log.isWritable, await targets(log)]).toEqual([false, ['audit', 'example.com']]);
    disk.fails = () => false;
    await eventually(() => {
      rig.clock.leap(1_000);
      expect(log.isWritable).toBe(true);
    });
    await log.append(toolCall(4));
    const rows = await log.read({ limit: 10 });
    expect(rows.map(({ correlation_id, reason }) => correlation_id ?? reason)).toEqual([
      ...[
        null,
        'call-1',
        expect.stringMatching(/^the audit can be written again; 2 rows were refused since /),
        'call-4',
      ],
    ]);
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 5 });
    expect(rig.logger.of('audit').map(({ level }) => level)).toEqual(['error', 'info', 'info']);
    expect((await rig.metrics.auditErrors.get()).values[0]?.value).toBeGreaterThan(0);
  });

  it('loses nothing that it acknowledged and keeps nothing that it refused, whichever operation fails (F-07)', async () => {
    for (let failing = 1; failing < 40; failing++) {
      const log = await open();
      const from = disk.count;
      disk.fails = (operation) => operation === from + failing || operation === from + failing + 1;
      const before = log.head.seq;
      const kept: number[] = [];
      for (let number = 0; number < 8; number++) {
        await log.append(toolCall(number), number % 2 === 0 ? { number } : undefined).then(
          (seq) => kept.push(seq),
          () => {},
        );
      }
      disk.fails = () => false;
      const rows = await log.read({ afterSeq: before, action: 'tool.request', limit: 100 });
      expect(rows.map(({ seq }) => seq)).toEqual(kept);
      for (const { seq, record } of rows) expect((await log.recordOf(seq)) === undefined).toBe(record === null);
      await log.close();
      expect([failing, await rig.verify()]).toMatchObject([failing, { ok: true, notes: [] }]);
    }
  });

  it('starts all the same, and is not writable until it is', async () => {
    await (await open()).close();
    disk.fails = () => true;
    const log = await open();
    expect([log.isWritable, await targets(log)]).toEqual([false, ['audit', 'audit']]);
    disk.fails = () => false;
    await log.append(toolCall(1));
    expect(log.isWritable).toBe(true);
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true });
  });
});

describe('An audit whose folder is taken away', () => {
  it('refuses rows until it is back, and goes on where it was (F-08, ORCH-4704)', async () => {
    const log = await rig.open({});
    await log.append(toolCall(1));
    const { folder } = rig.places;
    renameSync(folder, `${folder}.away`);
    await expect(log.append(toolCall(2))).rejects.toMatchObject({ code: 'INTERNAL' });
    renameSync(`${folder}.away`, folder);
    await log.append(toolCall(3));
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true });
    expect((await targetsOnDisk()).filter((target) => target === 'example.com')).toHaveLength(2);
  });
});

async function targetsOnDisk(): Promise<string[]> {
  const log = await rig.open({});
  const found = await targets(log);
  await log.close();
  return found;
}
