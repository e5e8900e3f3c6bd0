import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeys, signModule } from './signature.js';
import { appendSigned, checkLog } from './signed-log.js';

const { privateKey, keyId } = generateKeys();
let folder: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-signed-'));
  log = join(folder, 'signed.log');
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
    appendSigned(log, { name: 'guard', version }, signModule(Buffer.from(version), privateKey));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

function edit(change: (lines: string[]) => string[]): void {
  writeFileSync(log, change(readFileSync(log, 'utf8').split('\n')).join('\n'));
}

it('keeps every signature in a chain', () => {
  const { lines, head, problem } = checkLog(log);
  expect(problem).toBeUndefined();
  expect(lines.map(({ seq, version, key_id }) => [seq, version, key_id])).toEqual([
    [1, '1.0.0', keyId],
    [2, '1.1.0', keyId],
    [3, '1.2.0', keyId],
  ]);
  expect(head).toBe(lines[2]?.hash);
});

it('is empty before the first signature', () => {
  expect(checkLog(join(folder, 'none'))).toMatchObject({ lines: [], problem: undefined });
});

it.each<[string, (lines: string[]) => string[], string]>([
  ['changed', ([one = '', ...more]) => [one.replace('1.0.0', '9.9.9'), ...more], 'line 1 was changed'],
  ['taken out', ([one = '', , ...more]) => [one, ...more], 'line 2 has the number 3'],
  ['moved', ([one = '', two = '', ...more]) => [two, one, ...more], 'line 1 has the number 2'],
  ['repeated', ([one = '', ...more]) => [one, one, ...more], 'line 2 has the number 1'],
  ['put in', (lines) => ['{}', ...lines], 'line 1 is malformed'],
  ['cut short', (lines) => [lines.join('\n').slice(0, -9)], 'line 3 is cut short'],
])('shows that a line was %s, and takes no more', (_what, change, problem) => {
  edit(change);
  expect(checkLog(log).problem).toBe(problem);
  const append = (): unknown =>
    appendSigned(log, { name: 'a', version: '1.0.0' }, signModule(Buffer.from('x'), privateKey));
  expect(append).toThrow(
    expect.objectContaining({ code: 'POLICY_SIGNATURE', message: expect.stringContaining(problem) }),
  );
});

it('shows a cut at the end to those who know how it ended, and none to those who know an earlier end', () => {
  const { head, lines } = checkLog(log);
  expect(checkLog(log, lines[0]?.hash).problem).toBeUndefined();
  edit((all) => [...all.slice(0, 2), '']);
  expect(checkLog(log).problem).toBeUndefined();
  expect(checkLog(log, head).problem).toBe(`the line with the hash ${head} is missing`);
});

it('shows a line that somebody wrote with a hash of their own', () => {
  const { lines } = checkLog(log);
  const forged = { ...lines[2], seq: 4, prev: lines[2]?.hash, hash: '0'.repeat(64) };
  appendFileSync(log, `${JSON.stringify(forged)}\n`);
  expect(checkLog(log).problem).toBe('line 4 was changed');
});
