import {
  appendFileSync,
  chmodSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../store-error.js';
import { AuditRig, toolCall } from '../../../test/support/audit-rig.js';

let rig: AuditRig;
beforeEach(() => (rig = new AuditRig()));
afterEach(() => rig.remove());

const file = (name: string) => join(rig.places.folder, name);
const FIRST = 'rows-000000000001.jsonl';

/** A log of so many tool calls behind its first row; without a checkpoint when it is not closed. */
async function written(calls: number, close = true): Promise<void> {
  const log = await rig.open();
  for (let number = 1; number <= calls; number++) await log.append(toolCall(number), { number });
  if (close) await log.close();
}

async function chainOk(): Promise<unknown> {
  return (await rig.metrics.auditChainOk.get()).values[0]?.value;
}

const firstRow = async () => {
  const log = await rig.open();
  const [newest] = await log.read({ newestFirst: true, limit: 1 });
  await log.close();
  return newest!;
};

async function faultOf(start: () => Promise<unknown>): Promise<StoreError> {
  const error: unknown = await start().then(
    () => new Error('it started'),
    (reason: unknown) => reason,
  );
  if (error instanceof StoreError) return error;
  throw error;
}

describe('A start after a crash', () => {
  it('cuts off the row that was not finished, says so, and goes on (F-06, ORCH-4704)', async () => {
    await written(3, false);
    const unfinished = '{"action":"tool.request","actor":"agent"';
    appendFileSync(file(FIRST), unfinished);
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 4, notes: [expect.stringContaining('40 bytes')] });
    expect(await firstRow()).toMatchObject({
      ...{ seq: 5, action: 'audit.start', reason: 'an unfinished row of 40 bytes was cut off' },
    });
    expect([await chainOk(), await rig.verify()]).toMatchObject([1, { ok: true, rows: 6, notes: [] }]);
  });

  it('takes rows that were written and not acknowledged, and drops records without a row (F-06)', async () => {
    await written(3, false);
    const head = readFileSync(rig.places.head);
    const log = await rig.open();
    await log.append(toolCall(4), { number: 4 });
    writeFileSync(rig.places.head, head);
    appendFileSync(file('records-000000000001.jsonl'), '{"seq":7,"record":{}}\n{"seq":8,"rec');
    const again = await rig.open();
    expect(again.head.seq).toBe(7);
    const seq = await again.append(toolCall(5), { number: 5 });
    expect(await again.recordOf(seq)).toEqual({ number: 5 });
    await again.close();
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 9, notes: [] });
  });

  it('begins anew in an empty segment', async () => {
    await written(2);
    writeFileSync(file('rows-000000000005.jsonl'), '');
    expect(await firstRow()).toMatchObject({ seq: 5 });
    expect([await chainOk(), await rig.verify()]).toMatchObject([1, { ok: true, rows: 6 }]);
  });
});

describe('A start on a log that was tampered with', () => {
  it.each([
    ['rows that were cut off', () => truncateSync(file(FIRST), 700), 'are missing'],
    ['an edited row', () => edit(FIRST, 'example.com', 'example.org'), 'row 2 is not as it was written'],
    ['no head', () => rmSync(rig.places.head), 'the head of the audit is missing'],
    [
      'a head of somebody else',
      () => edit('head.jsonl', '"mac":"', '"mac":"0'),
      'the head of the audit is missing or forged',
    ],
    ['no rows', () => rmSync(file(FIRST)), 'the rows of the audit are missing'],
    ['nothing but keys', () => rmSync(rig.places.folder, { recursive: true }), 'an earlier log was taken away'],
  ])('goes on, leaves the evidence, and tells of %s (ORCH-4704)', async (_what, tamper, told) => {
    await written(3);
    tamper();
    const row = await firstRow();
    expect([row.action, row.reason]).toEqual(['audit.start', expect.stringContaining(told) as string]);
    expect([await chainOk(), rig.logger.of('audit').some(({ level }) => level === 'error')]).toEqual([0, true]);
  });

  it.each([
    ['rows that were cut off', () => truncateSync(file(FIRST), 700)],
    ['an edited row', () => edit(FIRST, 'example.com', 'example.org')],
    ['an edited first row', () => edit(FIRST, 'audit.start', 'audit.stop')],
    ['no rows', () => rmSync(file(FIRST))],
  ])('verifies never again after %s', async (_what, tamper) => {
    await written(3);
    tamper();
    await firstRow();
    const log = await rig.open();
    await log.append(toolCall(1));
    await log.close();
    expect(await rig.verify()).toMatchObject({ ok: false });
  });

  it('refuses keys that are gone or broken (S-22)', async () => {
    await written(1);
    renameSync(join(rig.places.keys, 'audit-hash.key'), join(rig.places.keys, 'elsewhere'));
    const missing = await faultOf(() => rig.open());
    expect([missing.fault, missing.message]).toEqual(['damaged', expect.stringContaining('put them back') as string]);
    writeFileSync(join(rig.places.keys, 'audit-hash.key'), 'no key', { mode: 0o600 });
    expect((await faultOf(() => rig.open())).message).toContain('is broken');
  });

  it('refuses keys that others can read (S-22, ORCH-4808)', async () => {
    await written(1);
    chmodSync(join(rig.places.keys, 'audit-signing.pem'), 0o640);
    const { fault, message } = await faultOf(() => rig.open());
    expect([fault, message]).toEqual(['unusable', expect.stringContaining('chmod 600') as string]);
  });

  it('shuts the folders to others (S-22)', async () => {
    await written(1);
    chmodSync(rig.places.keys, 0o755);
    await written(1);
    expect(readdirSync(rig.places.folder)).toContain(FIRST);
    expect((await import('node:fs')).statSync(rig.places.keys).mode & 0o777).toBe(0o700);
  });
});

describe('A log that is changed while it is written', () => {
  it('is noticed at the next checkpoint, and goes on in another segment (ORCH-4704)', async () => {
    const log = await rig.open({ config: { checkpoint_ms: 1_000 } });
    await log.append(toolCall(1));
    appendFileSync(file(FIRST), 'somebody was here\n');
    rig.clock.leap(1_000);
    await log.append(toolCall(2));
    await log.append(toolCall(3));
    await log.close();
    expect(await chainOk()).toBe(0);
    expect(readdirSync(rig.places.folder).filter((name) => name.startsWith('rows'))).toHaveLength(2);
    expect(await rig.verify()).toMatchObject({ ok: false, fault: { file: FIRST } });
  });
});

describe('What no log can tell of itself', () => {
  it('that all of it was put back to an older copy; an anchor that was kept elsewhere can (P-12, ORCH-4704)', async () => {
    await written(3);
    const older = `${rig.folder}-older`;
    cpSync(rig.places.folder, older, { recursive: true });
    await written(3);
    const log = await rig.open();
    const anchor = log.head;
    await log.close();
    rmSync(rig.places.folder, { recursive: true });
    renameSync(older, rig.places.folder);
    expect(await rig.verify()).toMatchObject({ ok: true });
    expect(await rig.verify(anchor)).toMatchObject({ ok: false, fault: { kind: 'anchor', seq: anchor.seq } });
  });

  it('but an older head alone hides nothing, and older rows under the head are found', async () => {
    await written(3);
    const [head, rows] = [readFileSync(rig.places.head), readFileSync(file(FIRST))];
    await written(3);
    const newest = readFileSync(rig.places.head);
    writeFileSync(rig.places.head, head);
    expect(await rig.verify()).toMatchObject({ ok: true, rows: 10 });
    writeFileSync(rig.places.head, newest);
    rmSync(file('rows-000000000006.jsonl'));
    writeFileSync(file(FIRST), rows);
    expect(await rig.verify()).toMatchObject({ ok: false, fault: { kind: 'truncated', seq: 6 } });
  });

  it('what an anchor stands for that was dropped for its age is only noted', async () => {
    await written(1);
    expect(await rig.verify({ seq: 2, hash: '0'.repeat(64) })).toMatchObject({
      ok: false,
      fault: { kind: 'anchor', seq: 2 },
    });
  });
});

function edit(name: string, from: string, to: string): void {
  const text = readFileSync(file(name), 'utf8');
  expect(text).toContain(from);
  writeFileSync(file(name), text.replaceAll(from, to));
}
