import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../src/cli/main.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { AuditRig, toolCall } from '../support/audit-rig.js';
import { cli, closeServerAfterEach, always } from './support/cli-rig.js';
import { TestIo } from './support/test-io.js';

const ROW = {
  ...{ seq: 7, ts_ms: 1_790_000_000_000, actor: 'agent', tenant: 'default', action: 'tool.request' },
  ...{ target: 'example.com', decision: 'deny', plugin: 'allow-hosts', version: '1.0.0', digest: null },
  ...{ code: 'HOST_NOT_ALLOWED', reason: 'not on the \u001b[31mlist', url: 'https://example.com/', bytes_in: 0 },
  ...{
    bytes_out: 0,
    latency_us: 120,
    fuel: 4,
    session_id: 's-1',
    task_id: 't-1',
    correlation_id: 'c',
    decision_id: null,
    record: null,
    checkpoint: null,
  },
  ...{ prev_hash: '0'.repeat(64), hash: '1'.repeat(64) },
};
const KEY = { algorithm: 'Ed25519', public_key: 'PEM', head: { seq: 7, hash: '1'.repeat(64) } };
const answer = (items: readonly object[]) => ({ status: 200, body: { items, next_cursor: null } });

describe('llama-orch audit tail', () => {
  closeServerAfterEach();

  it('shows the last rows, newest last, and steers no terminal (ORCH-4704)', async () => {
    const routes = {
      'GET /v1/audit-key': always({ status: 200, body: KEY }),
      'GET /v1/audit': always(answer([ROW, { ...ROW, seq: 6, decision: 'allow' }])),
    };
    const { code, io } = await cli(['audit', 'tail', '--action', 'tool.request', '--since', '24h'], routes);
    const lines = io.out.trimEnd().split('\n');
    expect([code, lines.map((line) => line.split(/\s+/)[0])]).toEqual([0, ['SEQ', '6', '7']]);
    expect(lines[2]).toContain('allow-hosts@1.0.0  HOST_NOT_ALLOWED · not on the [31mlist · https://example.com/');
  });

  it('tells programs for which session and task a row is (ORCH-4704)', async () => {
    const routes = {
      'GET /v1/audit-key': always({ status: 200, body: KEY }),
      'GET /v1/audit': always(answer([ROW])),
    };
    const { io } = await cli(['--json', 'audit', 'tail'], routes);
    expect(JSON.parse(io.out)).toMatchObject({ items: [{ session_id: 's-1', task_id: 't-1' }] });
  });

  it('follows what comes until Ctrl-C (ORCH-4704)', async () => {
    let asked = 0;
    let io: TestIo | undefined;
    const routes = {
      'GET /v1/audit-key': always({ status: 200, body: KEY }),
      'GET /v1/audit': () => {
        if (++asked === 3) io?.pressCtrlC();
        return answer(asked === 1 ? [ROW] : asked === 2 ? [{ ...ROW, seq: 8 }] : []);
      },
    };
    const { code } = await cli(['--json', 'audit', 'tail', '--follow'], routes, {}, (made) => (io = made));
    const lines = io!.out.split('\n').filter((line) => line.startsWith('{"'));
    expect([code, lines.map((line) => (JSON.parse(line) as { seq: number }).seq)]).toEqual([130, [7, 8]]);
  });

  it.each([
    ['--lines', '0'],
    ['--since', 'yesterday'],
  ])('refuses %s %s', async (...flags) => {
    expect((await cli(['audit', 'tail', ...flags])).code).toBe(2);
  });
});

describe('llama-orch audit verify and export', () => {
  let rig: AuditRig;
  beforeEach(() => (rig = new AuditRig()));
  afterEach(() => rig.remove());

  async function offline(...argv: string[]) {
    const io = new TestIo({ cwd: rig.folder, env: { HOME: rig.folder } });
    const nothing = () => Promise.reject(new Error('not asked'));
    const services = { serve: nothing, simulate: nothing, selfTest: nothing, engine: nothing, policy: nothing };
    return {
      code: await runCli(argv, {
        io,
        ...services,
        audit: careForAudit,
        backup: careForBackups,
        policy: careForPolicies,
      }),
      io,
    };
  }

  async function written(): Promise<void> {
    const log = await rig.open();
    for (let number = 1; number <= 3; number++) await log.append(toolCall(number), { number });
    await log.close();
  }

  const rows = () => join(rig.places.folder, 'rows-000000000001.jsonl');

  it('verify says that all is well, and gives an anchor that holds (ORCH-4704)', async () => {
    await written();
    const { code, io } = await offline('audit', 'verify', '--dir', '.');
    expect([code, io.out]).toEqual([0, expect.stringContaining('5 rows, 1 to 5, with 1 checkpoint\n') as string]);
    const anchor = /anchor of the last row: (\S+)/.exec(io.out)![1]!;
    expect((await offline('audit', 'verify', '--dir', '.', '--anchor', anchor)).code).toBe(0);
    const other = await offline('--json', 'audit', 'verify', '--dir', '.', '--anchor', `5:${'0'.repeat(64)}`);
    expect([other.code, JSON.parse(other.io.out)]).toMatchObject([1, { ok: false, fault: { kind: 'anchor', seq: 5 } }]);
  });

  it('verify works while the log is written, and finds it by the configuration', async () => {
    writeFileSync(join(rig.folder, 'llama-orch.yaml'), 'storage: { data_dir: . }\n');
    const log = await rig.open();
    await log.append(toolCall(1));
    expect((await offline('audit', 'verify')).code).toBe(0);
  });

  it('verify tells the place and the kind of the first fault (ORCH-4704)', async () => {
    await written();
    writeFileSync(rows(), readFileSync(rows(), 'utf8').replace('page/2', 'page/9'));
    const { code, io } = await offline('audit', 'verify', '--dir', '.');
    const told = 'row 3 is not as it was written: its hash does not fit (rows-000000000001.jsonl, line 3) [edited]';
    expect([code, io.out]).toEqual([1, `the audit is not as it was written: ${told}\n`]);
  });

  it('export writes what the public key verifies, for its owner alone (ORCH-4704)', async () => {
    await written();
    const { code, io } = await offline('audit', 'export', '--dir', '.', '--out', 'audit.jsonl', '--records');
    expect([code, io.out]).toEqual([0, expect.stringContaining('rows 1 to 5\nverify it with: ') as string]);
    expect(statSync(join(rig.folder, 'audit.jsonl')).mode & 0o777).toBe(0o600);
    const check = ['audit', 'verify', '--file', 'audit.jsonl', '--public-key', 'keys/audit-public.pem'];
    expect((await offline(...check)).code).toBe(0);
    const path = join(rig.folder, 'audit.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"number":2', '"number":3'));
    const { code: after, io: told } = await offline(...check);
    expect([after, told.out]).toEqual([1, expect.stringContaining('(audit.jsonl, line 5) [record]') as string]);
  });

  it('export without a file writes rows to standard output, and nothing else', async () => {
    await written();
    const { io } = await offline('audit', 'export', '--dir', '.', '--since', '2000-01-01');
    const lines = io.out.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2, 3, 4, 5]);
    expect(io.err).toContain('rows 1 to 5');
  });

  it.each([
    [['verify', '--dir', './nowhere'], 1, 'there is no audit in '],
    [['verify', '--file', 'x'], 2, '--public-key'],
    [['verify', '--public-key', 'x'], 2, '--file'],
    [['verify', '--dir', '.', '--anchor', '5'], 2, '<number>:<64 hex digits>'],
    [['verify', '--file', 'x', '--public-key', 'keys/audit-signing.pem'], 1, 'there is no file x'],
    [
      ['verify', '--file', 'keys/audit-public.pem', '--public-key', 'keys/audit-signing.pem'],
      2,
      'this is a private key',
    ],
    [['export', '--dir', '.', '--out', 'no/such/folder'], 1, 'no/such/folder'],
  ])('%j fails with %i and says why', async (argv, code, told) => {
    await written();
    const found = await offline('audit', ...argv);
    expect([found.code, found.io.err]).toEqual([code, expect.stringContaining(told) as string]);
  });
});
