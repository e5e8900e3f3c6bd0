import { keysOf, newKeyTexts, type ReaderKeys } from '../../src/audit/keys.js';
import { exportLog, type ExportWish } from '../../src/audit/export.js';
import { type Verdict, verifyExport } from '../../src/audit/verify.js';
import { readKeys } from '../../src/persistence/audit/key-files.js';
import { logOnDisk } from '../../src/persistence/audit/log-on-disk.js';
import { AuditRig, toolCall } from '../support/audit-rig.js';

const HOUR_MS = 3_600_000;
const EVERYTHING: ExportWish = { sinceMs: undefined, records: true };

const rig = new AuditRig();
let publicKey: ReaderKeys;

beforeAll(async () => {
  const log = await rig.open({ config: { checkpoint_rows: 5, checkpoint_ms: 100 * HOUR_MS } });
  for (let number = 0; number < 22; number++) {
    await log.append(toolCall(number), number % 2 === 0 ? { number, text: 'größer' } : undefined);
    rig.clock.leap(HOUR_MS);
  }
  // It is left open: its last rows wait for their checkpoint.
  publicKey = { hashKey: undefined, publicKey: readKeys(rig.places.keys).publicKey };
});
afterAll(() => rig.remove());

async function exported(
  wish: ExportWish = EVERYTHING,
): Promise<{ lines: string[]; done: Awaited<ReturnType<typeof exportLog>> }> {
  const texts: string[] = [];
  const done = await exportLog(logOnDisk(rig.places), wish, async (text) => void texts.push(text));
  return { lines: texts.join('').split('\n').slice(0, -1), done };
}

function verify(lines: readonly string[], keys = publicKey, anchor?: { seq: number; hash: string }): Promise<Verdict> {
  const blocks = (async function* () {
    yield { lines: lines.map((line) => Buffer.from(line)) };
  })();
  return verifyExport({ name: 'export', lines: blocks }, keys, anchor);
}

const isRow = (line: string) => line.startsWith('{"action"');
const rowAt = (lines: readonly string[], seq: number) =>
  lines.findIndex((line) => isRow(line) && line.includes(`"seq":${seq},`));

describe('An export of the audit', () => {
  it('is verified with the public key alone, with records and without (ORCH-4704)', async () => {
    const { lines, done } = await exported();
    expect(done).toMatchObject({ first_seq: 1, left_out: expect.any(Number) as number });
    expect(done.left_out).toBeGreaterThan(0);
    expect(await verify(lines)).toMatchObject({ ok: true, rows: done.rows, last_seq: done.last_seq });
    const plain = (await exported({ ...EVERYTHING, records: false })).lines;
    expect(plain).toEqual(lines.filter(isRow));
    expect(await verify(plain)).toMatchObject({ ok: true, rows: done.rows });
  });

  it('begins at the checkpoint before the time that is asked for', async () => {
    const sinceMs = rig.clock.epochMs() - 10 * HOUR_MS;
    const { lines, done } = await exported({ sinceMs, records: false });
    expect(await verify(lines)).toMatchObject({ ok: true, first_seq: done.first_seq, last_seq: done.last_seq });
    const times = lines.map((line) => (JSON.parse(line) as { ts_ms: number }).ts_ms);
    expect(times.filter((time) => time < sinceMs).length).toBeLessThan(5);
    expect(times.at(-1)).toBeGreaterThan(sinceMs);
  });

  it.each<[string, (lines: string[]) => string[], string]>([
    ['an edited row', (lines) => lines.map((line) => line.replace('page/3', 'page/4')), 'checkpoint'],
    ['a removed row', (lines) => lines.toSpliced(rowAt(lines, 3), 1), 'sequence'],
    [
      'a whole stretch that was removed',
      (lines) => lines.filter((line) => !/"seq":([7-9]|1[0-2]),/.test(line)),
      'sequence',
    ],
    ['two rows swapped', (lines) => swapped(lines, rowAt(lines, 4), rowAt(lines, 5)), 'sequence'],
    ['a repeated row', (lines) => lines.toSpliced(rowAt(lines, 4), 0, lines[rowAt(lines, 4)]!), 'sequence'],
    ['another hash', (lines) => lines.map((line) => line.replace(/("prev_hash":")./, '$1x')), 'edited'],
    ['an edited record', (lines) => lines.map((line) => line.replace('"number":4', '"number":5')), 'record'],
    ['a record at another row', (lines) => swapped(lines, rowAt(lines, 2) + 1, rowAt(lines, 4) + 1), 'record'],
    [
      'an edited checkpoint',
      (lines) => lines.map((line) => line.replace('"target":"audit"', '"target":"other"')),
      'checkpoint',
    ],
    [
      'a signature of another key',
      (lines) => lines.map((line) => line.replace(/"key":"sha256:./, '"key":"sha256:x')),
      'checkpoint',
    ],
    [
      'another order of members',
      (lines) =>
        lines.map((line) => line.replace(/"action":"([^"]*)",(.*)}$/, '$2,"action":"$1"}').replace(/^"/, '{"')),
      'edited',
    ],
    ['rows behind the last checkpoint', (lines) => lines.slice(0, -1), 'unsigned'],
    ['nothing in it', () => [], 'segment'],
  ])('shows %s (P-12, ORCH-4704)', async (_what, tamper, kind) => {
    const { lines } = await exported();
    expect(await verify(tamper(lines))).toMatchObject({ ok: false, fault: { kind, file: 'export' } });
  });

  it('is worth nothing under another key', async () => {
    const { publicKey: other } = keysOf(newKeyTexts());
    const { lines } = await exported();
    expect(await verify(lines, { hashKey: undefined, publicKey: other })).toMatchObject({
      fault: { kind: 'checkpoint' },
    });
  });

  it('that ends at an earlier checkpoint is a good one; an anchor shows that there was more (P-12)', async () => {
    const { lines } = await exported();
    const checkpoints = lines.flatMap((line, index) =>
      line.includes('"checkpoint":null') || !isRow(line) ? [] : [index],
    );
    const last = JSON.parse(lines[checkpoints.at(-1)!]!) as { seq: number; hash: string };
    const shorter = lines.slice(0, checkpoints.at(-2)! + 1);
    expect(await verify(shorter)).toMatchObject({ ok: true });
    expect(await verify(shorter, publicKey, last)).toMatchObject({
      ok: false,
      fault: { kind: 'anchor', seq: last.seq },
    });
    expect(await verify(lines, publicKey, last)).toMatchObject({ ok: true });
    expect(await verify(lines, publicKey, { ...last, hash: '0'.repeat(64) })).toMatchObject({
      fault: { kind: 'anchor' },
    });
  });
});

function swapped(lines: readonly string[], one: number, two: number): string[] {
  return lines.with(one, lines[two]!).with(two, lines[one]!);
}
