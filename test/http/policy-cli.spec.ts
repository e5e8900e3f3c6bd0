import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../src/cli/main.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { TestIo } from '../contract/support/test-io.js';
import { eventually } from '../support/eventually.js';
import { PolicyApp } from '../support/policy-app.js';
import { type TestApp } from '../support/start-app.js';
import { Upstream } from '../support/upstream.js';

const nothing = (): Promise<never> => Promise.reject(new Error('not asked for'));
const OTHERS = {
  serve: nothing,
  simulate: nothing,
  selfTest: nothing,
  engine: nothing,
  audit: careForAudit,
  backup: careForBackups,
};

const place = new PolicyApp();
let upstream: Upstream;
let app: TestApp;

beforeAll(async () => {
  upstream = await Upstream.start((_asked, response) => response.end('old pond'));
  await cli('new', 'acme');
  await cli('build', 'acme', '--out', 'live.wasm');
  await cli('build', 'acme', '--out', 'before.wasm');
  app = await place.start(
    [
      { id: 'gate', path: join(place.folder, 'live.wasm'), settings: { hosts: ['127.0.0.1', 'nowhere.invalid'] } },
      { builtin: 'method-guard', settings: { methods: ['GET', 'POST'] } },
      { builtin: 'size-limit', mode: 'monitor', settings: { max_request_bytes: 1 } },
      { builtin: 'redact-secrets' },
      { builtin: 'allow-all' },
    ],
    // A busy machine takes longer than a chain may.
    { policy: { deadline_ms: 10_000 }, egress: { ports: [upstream.port], rate_per_s: 1_000 } },
  );
  await call({ url: upstream.url('/pond') });
  await call({ url: upstream.url('/pond'), method: 'POST', body: '{"a":1}' });
  await call({ url: upstream.url('/pond'), method: 'DELETE' });
  await call({ url: 'http://169.254.169.254/latest' });
  await call({ url: 'http://nowhere.invalid/' });
}, 240_000);
afterAll(async () => {
  upstream.close();
  await place.close();
});

function call(body: object) {
  return app.call<{ hint?: string }>('/v1/tools/http', { method: 'POST', body });
}

async function run(argv: readonly string[], io = ioHere()): Promise<{ code: number; io: TestIo }> {
  return { code: await runCli(argv, { io, ...OTHERS, policy: careForPolicies }), io };
}

const cli = (...argv: string[]) => run(['policy', ...argv]);

function ioHere(): TestIo {
  const env = { HOME: place.folder, ...(app === undefined ? {} : { LLORCH_URL: app.url }) };
  return new TestIo({ env, cwd: place.folder });
}

/** The row with this code; the newest when there are more. */
function rowOf(code: string): string {
  return String(place.auditRows('tool.request').findLast((row) => row.code === code)?.seq);
}

describe('llama-orch policy explain', () => {
  it('says who denied, why, and what would have passed (OC-POLICY-4020)', async () => {
    const { code, io } = await cli('explain', rowOf('METHOD_NOT_ALLOWED'), '--dir', 'data');
    expect(code).toBe(0);
    expect(io.out).toMatch(/^deny METHOD_NOT_ALLOWED by method-guard: /m);
    expect(io.out).toMatch(/^ {2}size-limit 1\.0\.0: allow, fuel \d+ \(watching only\)$/m);
    expect(io.out).toMatch(/^would have passed with GET; with POST$/m);
  });

  it('says the same by decision id, and from the files (ORCH-4806)', async () => {
    const seq = rowOf('METHOD_NOT_ALLOWED');
    const asked = await cli('explain', seq, '--modules', '.', '--json');
    const id = String(asked.io.json['decision_id']);
    for (const argv of [
      [id, '--modules', '.'],
      [seq, '--dir', 'data'],
      [id, '--dir', 'data'],
    ])
      expect((await cli('explain', ...argv, '--json')).io.json).toEqual(asked.io.json);
    // Without the modules it cannot be told.
    expect((await cli('explain', seq)).io.out).toMatch(/^what would have passed is not known: the module sha256:/m);
  });

  it.each([
    ['ADDRESS_NOT_PUBLIC', /by egress-guard: 169\.254\.169\.254 is metadata.*the network guard decided/s],
    ['DNS', /failed DNS: the name does not resolve\nabout: http:\/\/nowhere\.invalid\/\n/],
  ])('explains %s, where no policy was asked, by the row itself (ORCH-4703)', async (code, words) => {
    for (const source of [[], ['--dir', 'data']])
      expect(await cli('explain', rowOf(code), ...source)).toMatchObject({
        code: 0,
        io: { out: expect.stringMatching(words) },
      });
  });

  it('knows when there is no such row (ORCH-4804)', async () => {
    expect(await cli('explain', '99999')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('no row 99999') },
    });
  });
});

describe('llama-orch policy replay', () => {
  it('gives the same answers and fuel: from the files, and from the daemon (ORCH-4704)', async () => {
    const { io: fromFiles } = await cli('replay', '--dir', 'data', '--json');
    expect(fromFiles.json).toMatchObject({ differing: 0, left_out: 0, left: {} });
    expect(fromFiles.json['records']).toBeGreaterThanOrEqual(5);
    const modules = ['--modules', 'data/policies'];
    expect((await cli('replay', ...modules, '--json')).io.json).toEqual(fromFiles.json);
  });

  it('is a fault where the module is gone and nothing is proven (ORCH-4704)', async () => {
    const found = await cli('replay', rowOf('ALLOWED'));
    expect(found).toMatchObject({ code: 1, io: { out: expect.stringContaining('name the data folder with --dir') } });
    expect((await cli('replay', rowOf('ALLOWED'), '--modules', '.')).code).toBe(0);
  });

  it('has nothing to say of rows without a policy (ORCH-4804)', async () => {
    expect(await cli('replay', rowOf('DNS'))).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('no record') },
    });
  });
});

describe('llama-orch policy simulate', () => {
  it('shows what another version would decide about recorded calls, with their settings (OC-POLICY-4002)', async () => {
    const source = readFileSync(join(place.folder, 'acme/src/index.ts'), 'utf8');
    const hard = source.replace('if (!url', `if (url.path === '/pond') return deny('NO_POND', 'no');\n    if (!url`);
    await cli('new', 'acme', '--dir', 'next');
    writeFileSync(join(place.folder, 'next/src/index.ts'), hard);
    await cli('build', 'next', '--out', 'next.wasm');
    const { code, io } = await cli('simulate', 'next.wasm', '--diff', 'before.wasm', '--json');
    expect(code).toBe(0);
    expect(io.json).toMatchObject({ calls: 3, changed: 3, answers: { 'deny NO_POND': 3 } });
    expect(io.json['shown']).toContainEqual(expect.objectContaining({ was: 'allow', is: 'deny NO_POND' }));
    const same = await cli('simulate', 'live.wasm', '--diff', 'before.wasm', '--dir', 'data', '--json');
    expect(same.io.json).toMatchObject({ calls: 3, changed: 0, shown: [] });
  });
});

describe('llama-orch policy suggest', () => {
  it('lists what was let through, in the words of the config (OC-POLICY-4031)', async () => {
    const { code, io } = await cli('suggest', '--json');
    expect(code).toBe(0);
    expect(io.json).toMatchObject({
      calls: 2,
      allow_hosts: { hosts: ['127.0.0.1'], schemes: ['http'], ports: [upstream.port] },
      method_guard: { methods: ['GET', 'POST'] },
      size_limit: { max_request_bytes: 8 },
    });
  });

  it('suggests what the daemon takes, and what lets the same calls through (OC-POLICY-4031)', async () => {
    const { io } = await cli('suggest', '--json');
    const tight = new PolicyApp();
    try {
      const egress = { ports: [upstream.port] };
      const policy = { deadline_ms: 10_000 };
      const strict = await tight.start(io.json['policies'] as object[], { egress, policy });
      const status = async (body: object) => (await strict.call('/v1/tools/http', { method: 'POST', body })).status;
      expect(await status({ url: upstream.url('/pond') })).toBe(200);
      expect(await status({ url: upstream.url('/pond'), method: 'PUT' })).toBe(403);
      expect(await status({ url: upstream.url('/pond').replace('127.0.0.1', '127.0.0.2') })).toBe(403);
    } finally {
      await tight.close();
    }
  });
});

describe('llama-orch policy attack --daemon', () => {
  it('finds no way in, and minds what the operator allows (ORCH-4703, ORCH-3080)', async () => {
    const { code, io } = await cli('attack', '--daemon', '--row', '3', '--json');
    expect({ code, failed: io.json['failed'] }).toEqual({ code: 0, failed: [] });
  });
});

describe('llama-orch policy dev', () => {
  it('swaps an edited policy into a running server, and nothing that fails its tests (OC-POLICY-4002)', async () => {
    const io = ioHere();
    const running = run(['policy', 'dev', 'acme', '--into', 'live.wasm'], io);
    await eventually(() => expect(io.err).toContain('watching'));
    const file = join(place.folder, 'acme/src/index.ts');
    const source = readFileSync(file, 'utf8');
    const elsewhere = { url: upstream.url('/pond').replace('127.0.0.1', '127.0.0.2') };
    const hintBecomes = (hint: string) => eventually(async () => expect((await call(elsewhere)).body.hint).toBe(hint));

    writeFileSync(file, source.replace('ask the operator to add it to hosts', 'ask nicely'));
    await hintBecomes('ask nicely');

    const swaps = () => io.err.split('swapped into').length;
    const before = swaps();
    writeFileSync(file, source.replace("'HOST_NOT_ALLOWED'", "'OTHER'"));
    await eventually(() => expect(io.err).toContain('expected "HOST_NOT_ALLOWED"'));
    writeFileSync(file, `${source}\nconst = 1;`);
    await eventually(() => expect(io.err).toContain('const = 1;'));
    expect(swaps()).toBe(before);

    writeFileSync(file, source.replace('ask the operator to add it to hosts', 'ask again'));
    await hintBecomes('ask again');
    await eventually(() => expect(io.err).toMatch(/\d+ deny HOST_NOT_ALLOWED 127\.0\.0\.2 by gate/));
    io.pressCtrlC();
    expect((await running).code).toBe(0);
  }, 240_000);
});
