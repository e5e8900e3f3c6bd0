import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import {
  fakeEngineBinary,
  isAlive,
  reportAt,
  type FakeReport,
} from '../support/fake-engine-binary/fake-engine-binary.js';
import { terminalOf, textOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

let folder: string;
let report: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-engine-'));
  report = join(folder, 'report.json');
  writeFileSync(join(folder, 'tiny.gguf'), 'GGUF');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pool(flags: readonly string[] = [], provisioning: object = {}, more: object = {}): object {
  return {
    ...{ id: 'llama', engine: 'llamacpp', model: `file:${join(folder, 'tiny.gguf')}`, device: 'cpu', ctx: 512 },
    ...{ backoff: { initial_ms: 20, max_ms: 50, jitter: 0 }, probe: { interval_ms: 50 } },
    provisioning: {
      ...{ mode: 'binary', binary: { path: fakeEngineBinary(folder) } },
      ...{ flags: ['--fake-report', report, ...flags], ...provisioning },
    },
    ...more,
  };
}

function start(flags?: readonly string[], provisioning?: object, more?: object): Promise<TestApp> {
  return startTestApp({ pools: [pool(flags, provisioning, more) as { id: string }] });
}

function ask(more: object = {}): object {
  return {
    workload: 'completion',
    model_ref: 'tiny',
    priority: 'interactive',
    prompt: 'count',
    max_tokens: 20,
    ...more,
  };
}

function reported(): FakeReport {
  const found = reportAt(report);
  if (found === undefined) throw new Error('the engine has not written its report');
  return found;
}

async function lastError(app: TestApp): Promise<{ code: string; message: string }> {
  const { body } = await app.call<{ last_error: { code: string; message: string } | null }>('/v1/pools/llama/health');
  if (body.last_error === null) throw new Error('the pool has no last_error');
  return body.last_error;
}

describe('An engine that the daemon starts', () => {
  it('serves tasks, sees nothing of the daemon, and is gone with it (ORCH-3200, ORCH-3201, ORCH-4808, ORCH-1101)', async () => {
    process.env['LLORCH_TEST_CANARY'] = 'not for engines';
    const app = await start([], { env: { FAKE_DESCRIPTORS: join(folder, 'open') } });
    delete process.env['LLORCH_TEST_CANARY'];
    const frames = await app.frames((await app.submit(ask())).task_id);
    expect(terminalOf(frames)).toMatchObject({ event: 'end' });
    expect(textOf(frames)).toContain('one two three');

    const { pid, args, env } = reported();
    expect(args).toEqual(
      expect.arrayContaining(['--host', '127.0.0.1', '--ctx-size', '512', '--parallel', '1', '--no-cont-batching']),
    );
    expect(
      Object.keys(env)
        .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))
        .sort(),
    ).toEqual(
      [
        'CUDA_VISIBLE_DEVICES',
        'FAKE_DESCRIPTORS',
        'HOME',
        'LLAMA_ORCH_ENGINE',
        'PATH',
        'TMPDIR',
        ...languageNames(),
      ].sort(),
    );
    expect(env['CUDA_VISIBLE_DEVICES']).toBe('');
    const open = [...readFileSync(join(folder, 'open'), 'utf8').matchAll(/-> .*?([^/\n]+)$/gm)].map(([, name]) => name);
    // Its log, nothing in the place of everything else, and the two files that the shell itself opened.
    expect([...new Set(open)].sort()).toEqual(['llama-0.log', 'llama-server', 'null', 'open']);

    await app.close();
    expect(isAlive(pid)).toBe(false);
  });

  it('killed from outside is started again by backoff, and the answer goes on (ORCH-3038, OC-POOL-3010, ORCH-4211)', async () => {
    const app = await start(['--fake-tps', '50']);
    const first = reported().pid;
    const { task_id } = await app.submit(ask({ max_tokens: 400 }));
    const stream = await app.follow(task_id);
    await stream.until('token');
    process.kill(first, 'SIGKILL');
    expect(terminalOf(await stream.rest())).toMatchObject({ event: 'end', data: { tokens_out: 400 } });
    expect(reported().pid).not.toBe(first);
    await app.untilReady('llama');
    expect(terminalOf(await app.frames((await app.submit(ask())).task_id)).event).toBe('end');
    expect((await app.call('/v1/pools/llama/health')).body).toMatchObject({ replicas: [{ restart_count: 1 }] });
  });

  it('that dies while it loads tells why, without folders of the host (ORCH-3038, ORCH-3039)', async () => {
    const words = 'ggml_cuda: cudaMalloc failed: out of memory for \u001b[31m/models/secret/tiny.gguf';
    const app = await startTestApp({ pools: [pool(['--fake-last-words', words]) as { id: string }] }, []);
    const { code, message } = await eventually(() => lastError(app));
    expect(message).toContain('the memory of its GPU did not suffice');
    expect(message).toContain('out of memory for tiny.gguf');
    expect(message).not.toMatch(/secret|\u001b/);
    expect(code).toBe('out-of-memory');
  });

  it('that binds late is waited for (OC-POOL-3005)', async () => {
    const app = await start(['--fake-bind-after-ms', '300']);
    expect(terminalOf(await app.frames((await app.submit(ask())).task_id)).event).toBe('end');
  });

  it('gets the port that the configuration names, and says so when another program has it (ORCH-3200)', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const app = await startTestApp({ pools: [pool([], { ports: [port] }) as { id: string }] }, []);
    expect((await eventually(() => lastError(app))).message).toContain(`port ${port} of replica llama-0 is taken`);
    await new Promise((resolve) => other.close(resolve));
    await app.untilReady('llama');
    expect(reported().args).toEqual(expect.arrayContaining(['--port', String(port)]));
  });

  it('that is not installed names the command that gets it (ORCH-3207, HME-032)', async () => {
    const gone = { binary: { path: join(folder, 'nowhere') } };
    const app = await startTestApp({ pools: [pool([], gone) as { id: string }] }, []);
    expect((await eventually(() => lastError(app))).message).toContain('llama-orch engine up llama');
  });

  it('of another version than the pinned one does not serve (OC-CONFIG-6021)', async () => {
    const app = await startTestApp({ pools: [pool([], { engine_version: 'b2' }) as { id: string }] }, []);
    expect((await eventually(() => lastError(app))).message).toContain('provisioning.engine_version says b2');
    const other = await start([], { engine_version: 'b1' });
    expect(other.poolIds).toEqual(['llama']);
  });
});

describe('Ending an engine', () => {
  it('that ignores SIGTERM, with children in and out of its group, leaves none (ORCH-4808, OC-POOL-3010)', async () => {
    const app = await start(['--fake-ignore-sigterm', '--fake-children', '2', '--fake-strays', '1']);
    const { pid, pids } = reported();
    expect([pid, ...pids].every(isAlive)).toBe(true);
    const began = performance.now();
    await app.close();
    expect([pid, ...pids].filter(isAlive)).toEqual([]);
    expect(performance.now() - began).toBeGreaterThan(9_000);
  });

  it('that was left by a killed daemon is done by the next start (ORCH-4808)', async () => {
    const config = {
      storage: { data_dir: join(folder, 'data') },
      pools: [pool(['--fake-children', '1', '--fake-strays', '1'])],
    };
    const first = await Daemon.start(config);
    const left = await eventually(reported);
    await eventually(() => expect(readdirSync(join(folder, 'data/engines'))).toContain('llama-0.json'));
    await first.kill();
    expect([left.pid, ...left.pids].every(isAlive)).toBe(true);

    const second = await Daemon.start(config);
    await eventually(() => expect([left.pid, ...left.pids].filter(isAlive)).toEqual([]));
    await eventually(() => expect(reported().pid).not.toBe(left.pid));
    const told = { message: 'an engine of an earlier daemon was ended', replica_id: 'llama-0' };
    await eventually(() => expect(second.lines).toContainEqual(expect.objectContaining(told)));
    second.signal('SIGTERM');
    expect(await second.exit()).toBe(0);
    expect([reported().pid, ...reported().pids].filter(isAlive)).toEqual([]);
    expect(existsSync(join(folder, 'data/engines/llama-0.json'))).toBe(false);
  });

  it('is done at once by a second SIGTERM (ORCH-4808)', async () => {
    const daemon = await Daemon.start({ pools: [pool(['--fake-ignore-sigterm', '--fake-children', '1'])] });
    const { pid, pids } = await eventually(reported);
    daemon.signal('SIGTERM');
    await eventually(() => expect(daemon.lines.some((line) => line['event'] === 'drain')).toBe(true));
    daemon.signal('SIGTERM');
    await daemon.exit();
    await eventually(() => expect([pid, ...pids].filter(isAlive)).toEqual([]));
  });
});

/** Those of the language are passed on, where the daemon has them. */
function languageNames(): readonly string[] {
  return ['LANG', 'LC_ALL', 'TZ'].filter((name) => process.env[name] !== undefined);
}

it('keeps the output of an engine in a file that only its owner reads (ORCH-3207)', async () => {
  const data = join(folder, 'data');
  await startTestApp({ storage: { data_dir: data }, pools: [pool(['--fake-chatter', '5000']) as { id: string }] });
  expect(readFileSync(join(data, 'engines/llama-0.log'), 'utf8')).toMatch(/^x{5000}\n/);
});
