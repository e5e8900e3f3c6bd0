import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../../test/support/eventually.js';
import { AuditRig, toolCall } from '../../../test/support/audit-rig.js';

const DAY_MS = 86_400_000;

let rig: AuditRig;
beforeEach(() => (rig = new AuditRig()));
afterEach(() => rig.remove());

const rowFiles = () => readdirSync(rig.places.folder).filter((name) => name.startsWith('rows-'));

/** One start a day, and so one segment. */
async function days(count: number): Promise<void> {
  for (let day = 0; day < count; day++) {
    const log = await rig.open();
    await log.append(toolCall(day), { day });
    await log.close();
    rig.clock.leap(DAY_MS);
  }
}

/** A start that drops what is older than three days. */
async function cut(): Promise<void> {
  const log = await rig.open({ config: { retention_days: 3 } });
  await eventually(async () => expect((await log.read({ action: 'audit.cut', limit: 1 })).length).toBe(1));
  await log.close();
}

describe('The retention of the audit', () => {
  it('drops whole segments that are too old, and leaves a signed note under which the rest verifies (ORCH-4704)', async () => {
    await days(6);
    expect(rowFiles()).toHaveLength(6);
    await cut();
    expect(rowFiles()).toHaveLength(4);
    const verdict = await rig.verify();
    expect(verdict).toMatchObject({ ok: true, first_seq: 10, notes: [] });
    const log = await rig.open();
    const [row] = await log.read({ action: 'audit.cut', limit: 1 });
    expect(row).toMatchObject({ reason: 'rows 1 to 9 were dropped: they are older than audit.retention_days' });
    await log.close();
  });

  it('drops nothing that is young enough', async () => {
    await days(3);
    const log = await rig.open({ config: { retention_days: 30 } });
    await log.close();
    expect([rowFiles().length, await rig.verify()]).toMatchObject([4, { ok: true, first_seq: 1 }]);
  });

  it('is found when its note is gone, forged, or put back to an older one (ORCH-4704)', async () => {
    await days(6);
    await cut();
    const older = readFileSync(rig.places.cut, 'utf8');
    await days(3);
    await cut();
    const note = readFileSync(rig.places.cut, 'utf8');
    writeFileSync(rig.places.cut, older);
    expect(await rig.verify()).toMatchObject({ ok: false, fault: { kind: 'segment' } });
    writeFileSync(rig.places.cut, note.replace(/"first_seq":\d+/, '"first_seq":1'));
    expect(await rig.verify()).toMatchObject({ ok: false, fault: { kind: 'cut' } });
    rmSync(rig.places.cut);
    expect(await rig.verify()).toMatchObject({ ok: false, fault: { kind: 'segment', seq: 1 } });
  });

  it('leaves segments that a crash kept from being dropped to the next time', async () => {
    await days(6);
    const first = readFileSync(join(rig.places.folder, rowFiles()[0]!));
    const name = rowFiles()[0]!;
    await cut();
    writeFileSync(join(rig.places.folder, name), first);
    expect(await rig.verify()).toMatchObject({ ok: true, notes: [expect.stringContaining('left over') as string] });
    rig.clock.leap(DAY_MS);
    await (await rig.open({ config: { retention_days: 3 } })).close();
    await eventually(() => expect(rowFiles()).not.toContain(name));
    expect(await rig.verify()).toMatchObject({ ok: true, notes: [] });
  });
});
