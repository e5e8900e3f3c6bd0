import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_ACTIONS, type AuditLog } from '../../audit/audit-log.js';
import { AuditRig, toolCall } from '../../../test/support/audit-rig.js';

const SECRET = 'correct-horse-battery';

let rig: AuditRig;
beforeEach(() => (rig = new AuditRig()));
afterEach(() => rig.remove());

const files = (pattern: RegExp) => readdirSync(rig.places.folder).filter((name) => pattern.test(name));
const everything = () =>
  files(/./)
    .map((name) => readFileSync(join(rig.places.folder, name), 'utf8'))
    .join('\n');
const actions = async (log: AuditLog) => (await log.read({ limit: 100 })).map(({ action }) => action);

describe('The audit', () => {
  it('numbers rows without a gap and chains them, whatever comes at once (OC-POLICY-4032, ORCH-4704)', async () => {
    const log = await rig.open();
    const numbers = await Promise.all(Array.from({ length: 1_000 }, (_, index) => log.append(toolCall(index))));
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, index) => index + (index < 999 ? 2 : 3)));
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 1_003, checkpoints: 2 });
  });

  it('goes on where the last start ended (ORCH-4704)', async () => {
    for (let start = 0; start < 3; start++) {
      const log = await rig.open();
      await log.append(toolCall(start), { start });
      await log.close();
    }
    const log = await rig.open();
    const rows = await log.read({ limit: 100 });
    expect(rows.map(({ seq, action }) => [seq, action])).toEqual([
      ...[1, 4, 7].flatMap((seq) => [
        [seq, 'audit.start'],
        [seq + 1, 'tool.request'],
        [seq + 2, 'audit.checkpoint'],
      ]),
      [10, 'audit.start'],
    ]);
    expect(await log.recordOf(5)).toEqual({ start: 1 });
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 11, notes: [] });
    expect(files(/^rows/)).toHaveLength(4);
  });

  it('is for its owner alone (ORCH-4808)', async () => {
    await (await rig.open()).close();
    const { folder, keys } = rig.places;
    const inside = [...readdirSync(keys).map((name) => join(keys, name)), join(folder, files(/^rows/)[0]!)];
    const modes = [folder, keys, ...inside].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o600, 0o600]);
  });

  it('signs a checkpoint after so many rows, after a time, and at its end (ORCH-4704)', async () => {
    const log = await rig.open({ config: { checkpoint_rows: 4, checkpoint_ms: 60_000 } });
    for (let number = 0; number < 5; number++) await log.append(toolCall(number));
    expect(await actions(log)).toEqual([
      ...['audit.start', 'tool.request', 'tool.request', 'tool.request', 'audit.checkpoint'],
      ...['tool.request', 'tool.request'],
    ]);
    rig.clock.leap(60_000);
    await log.append(toolCall());
    expect((await actions(log)).slice(-2)).toEqual(['tool.request', 'audit.checkpoint']);
    await log.append(toolCall());
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 11, checkpoints: 3 });
    expect(rig.logger.of('audit').map(({ fields }) => fields['seq'])).toEqual([5, 9, 11]);
  });

  it('shows no row twice and signs nothing when there is nothing to sign', async () => {
    const log = await rig.open({ config: { checkpoint_rows: 1 } });
    rig.clock.leap(10 * 300_000);
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 2, checkpoints: 1 });
  });

  it('holds no secret, neither in rows nor in records (OC-CTRL-2041, ORCH-3037, OC-POLICY-4031)', async () => {
    const log = await rig.open({ secrets: [SECRET] });
    const url = `https://me:${SECRET}@h/?token=abc123&x=${SECRET}`;
    const record = { headers: [['authorization', 'Bearer abc123']], body: { password: 'abc123', note: `a ${SECRET}` } };
    await log.append(toolCall(1, { url, reason: `refused ${SECRET}`, target: url }), record);
    await log.close();
    expect(everything()).not.toMatch(/correct-horse|abc123/);
    expect(everything()).toContain('https://[redacted]@h/?token=[redacted]&x=[redacted]');
  });

  it('bounds what strangers write, and keeps it in one line', async () => {
    const log = await rig.open();
    const seq = await log.append(
      toolCall(1, { reason: `${'größer 🦙'.repeat(1_000)}`, target: 'a\nb\u0000\u001b[31mc' }),
    );
    const [row] = await log.read({ afterSeq: seq - 1, limit: 1 });
    expect(row!.reason).toHaveLength(1_000);
    expect(row!.reason!.isWellFormed()).toBe(true);
    expect(row!.target).toBe('a b [31mc');
    await log.append(toolCall(2), { huge: 'x'.repeat(2 * 1024 * 1024) });
    expect(await log.recordOf(seq + 1)).toEqual({ omitted: true, bytes: 2 * 1024 * 1024 + 11 });
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true });
  });

  it('keeps no records when it is told not to', async () => {
    const log = await rig.open({ config: { records: false } });
    const seq = await log.append(toolCall(), { kept: false });
    expect([await log.recordOf(seq), files(/^records/)]).toEqual([undefined, []]);
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true });
  });

  it('tells the time that the clock tells, and its order by numbers, when the clock is set back (F-11)', async () => {
    const log = await rig.open();
    const before = await log.append(toolCall(1));
    rig.clock.jumpWall(-86_400_000);
    const after = await log.append(toolCall(2));
    const rows = await log.read({ afterSeq: before - 1, limit: 10 });
    expect(rows.map(({ seq, ts_ms }) => [seq, ts_ms - rig.clock.epochMs()])).toEqual([
      [before, 86_400_000],
      [after, 0],
    ]);
    expect((await log.read({ sinceMs: rows[0]!.ts_ms, limit: 10 })).map(({ seq }) => seq)).toEqual([1, before]);
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: true });
  });

  it('refuses rows after its end', async () => {
    const log = await rig.open();
    await log.close();
    await log.close();
    await expect(log.append(toolCall())).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('Reading the audit', () => {
  let log: AuditLog;
  beforeEach(async () => {
    log = await rig.open({ config: { checkpoint_rows: 10 } });
    for (let number = 2; number <= 60; number++) {
      const action = AUDIT_ACTIONS[number % 3]!;
      await log.append(toolCall(number, { action, tenant: number % 2 === 0 ? 'a' : 'b' }), { number });
      // Another day, another segment.
      if (number % 25 === 0) rig.clock.leap(86_400_000);
    }
  });
  afterEach(() => log.close());

  const seqs = async (query: Omit<Parameters<AuditLog['read']>[0], 'limit'>, limit = 1_000) =>
    (await log.read({ ...query, limit })).map(({ seq }) => seq);

  it('goes on behind any row, in both directions, over all segments', async () => {
    const all = await seqs({});
    expect(files(/^rows/).length).toBeGreaterThan(2);
    expect(all).toEqual(Array.from({ length: log.head.seq }, (_, index) => index + 1));
    for (const after of [0, 1, 9, 10, 11, 12, 33, log.head.seq - 1, log.head.seq]) {
      expect(await seqs({ afterSeq: after }, 5)).toEqual(all.slice(after, after + 5));
      const older = all.slice(0, Math.max(0, after - 1)).reverse();
      expect(await seqs({ afterSeq: after, newestFirst: true }, 5)).toEqual(older.slice(0, 5));
    }
    expect(await seqs({ newestFirst: true }, 3)).toEqual(all.slice(-3).reverse());
  });

  it('filters by action, tenant and time', async () => {
    const all = await log.read({ limit: 1_000 });
    const wanted = all.filter(({ action, tenant, ts_ms }) => {
      return action === 'tool.response' && tenant === 'b' && ts_ms >= all[40]!.ts_ms;
    });
    expect(wanted.length).toBeGreaterThan(1);
    const query = { action: 'tool.response', tenant: 'b', sinceMs: all[40]!.ts_ms } as const;
    expect(await log.read({ ...query, limit: 100 })).toEqual(wanted);
    expect(await log.read({ ...query, newestFirst: true, limit: 2 })).toEqual(wanted.toReversed().slice(0, 2));
  });

  it('finds the record of any row', async () => {
    for (const { seq, action, correlation_id } of await log.read({ limit: 1_000 })) {
      const number = Number(correlation_id?.split('-')[1]);
      expect(await log.recordOf(seq)).toEqual(action.startsWith('audit.') ? undefined : { number });
    }
    expect(await log.recordOf(10_000)).toBeUndefined();
  });
});
