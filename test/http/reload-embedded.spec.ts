import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capabilities, type PoolReloaded } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { holdStep, mendReloads } from '../support/reload-faults.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const HAIKU = readFileSync(new URL('../../plugins/engine-embedded/models/haiku-nano.gguf', import.meta.url));
const POOL = {
  ...{ id: 'haiku', engine: 'embedded', model: 'haiku-nano' },
  // How fast an engine is here says how busy the machine is.
  ...{ probe: { interval_ms: 500 }, reload: { min_speed: 0 } },
};

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-reload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The bundled model under another name inside, so that its bytes are others. */
function secondModel(): Buffer {
  const file = Buffer.from(HAIKU);
  const at = file.indexOf('haiku-nano');
  file.write('other-nano', at);
  return file;
}

function save(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return `file:${path}`;
}

/** As good as the bundled model by its head, and larger than any memory; the file has holes. */
function huge(): string {
  const model = save('huge.gguf', HAIKU);
  truncateSync(model.slice('file:'.length), 2 ** 42);
  return model;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const SECOND = secondModel();
const ref = save('second.gguf', SECOND);

afterEach(mendReloads);

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ pools: [POOL] });
});

/** Process ids of the engines of this process. */
function engines(): readonly number[] {
  const found = spawnSync('pgrep', ['-P', String(process.pid), '-f', 'engine-embedded'], { encoding: 'utf8' });
  return found.stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
}

const reload = <Body = Record<string, unknown>>(body: object) =>
  app.call<Body>('/v1/pools/haiku/reload', { method: 'POST', body });

async function servedDigest(): Promise<string | null> {
  const { body } = await app.call<Capabilities>('/v1/capabilities');
  return body.engines[0]!.pools[0]!.model_digest;
}

const task = (model: string) => ({
  ...{ workload: 'completion', model_ref: model, priority: 'interactive', prompt: 'a frog', max_tokens: 200 },
});

describe('A reload of the embedded engine', () => {
  it.each<readonly [string, string, () => object, RegExp]>([
    [
      'to a file that does not exist',
      'resolve',
      () => ({ new_model_ref: `file:${folder}/none.gguf` }),
      /none does not/,
    ],
    [
      'to a file that is no GGUF',
      'verify',
      () => ({ new_model_ref: save('noise.gguf', Buffer.alloc(99)) }),
      /noise is no/,
    ],
    ['to an empty file', 'verify', () => ({ new_model_ref: save('empty.gguf', Buffer.alloc(0)) }), /empty is no GGUF/],
    [
      'to a file of a version that nobody reads',
      'verify',
      () => ({
        new_model_ref: save('future.gguf', Buffer.concat([Buffer.from('GGUF\u0063\0\0\0'), Buffer.alloc(32)])),
      }),
      /future has version 99/,
    ],
    [
      'to a file that was cut off',
      'start',
      () => ({ new_model_ref: save('cut.gguf', HAIKU.subarray(0, 1_000_000)) }),
      /cut\.gguf.*beyond its end/,
    ],
    [
      'to weights that no memory of this machine holds',
      'start',
      () => ({ new_model_ref: huge() }),
      /needs .*GiB of memory; free are/,
    ],
    ['to a name that the engine does not know', 'start', () => ({ new_model_ref: 'nobody' }), /nobody/],
    ['with another digest', 'verify', () => ({ new_model_ref: ref, digest: digestOf(HAIKU) }), /second has the digest/],
  ])(
    '%s fails at %s, says which, and leaves the old model serving (ORCH-2102, ORCH-4502, OC-CTRL-2003)',
    async (_, step, body, says) => {
      const before = app.lines.length;
      const answer = await reload(body());
      const problem = expectProblem(answer, 409, 'CONFLICT');
      expect(problem).toMatchObject({
        failed_step: step,
        message: expect.stringMatching(says),
        serving: { model_ref: 'haiku-nano', model_digest: digestOf(HAIKU) },
      });
      expect(answer.text).not.toContain(folder);
      expect(await servedDigest()).toBe(digestOf(HAIKU));
      // It never went without service: what fits into no memory is not tried in an empty one.
      const steps = app.lines.slice(before).flatMap((line) => (line.event === 'reload' ? [line['step']] : []));
      expect(steps.filter((one) => one === 'drain' || one === 'stop')).toEqual([]);
    },
  );

  it('swaps the weights under a running stream, tells how long that took, and swaps back (HME-031, ORCH-2102, ORCH-3032)', async () => {
    const [old] = engines();
    // The stream lasts until the new model serves.
    process.kill(old!, 'SIGSTOP');
    const running = await app.submit(task('haiku-nano'));
    const stream = await app.follow(running.task_id);
    const reloading = reload<PoolReloaded>({ new_model_ref: ref, digest: digestOf(SECOND) });
    await eventually(() => expect(app.lines.some((line) => line['step'] === 'shift')).toBe(true));
    expect(await servedDigest()).toBe(digestOf(SECOND));
    process.kill(old!, 'SIGCONT');
    const there = await reloading;
    expect([there.status, there.body.model_digest]).toEqual([200, digestOf(SECOND)]);
    expect(there.body.took_ms).toBeGreaterThan(0);
    expect(terminalOf(await stream.rest()).event).toBe('end');
    expect((await app.task(running.task_id)).model_digest).toBe(digestOf(HAIKU));
    expect(await servedDigest()).toBe(digestOf(SECOND));
    const { task_id } = await app.submit(task('second'));
    expect((await (await app.follow(task_id)).until('started')).data.model_digest).toBe(digestOf(SECOND));
    // Any name of the current model starts it anew.
    const anew = await reload<PoolReloaded>({ new_model_ref: 'second' });
    expect([anew.status, anew.body.model_digest]).toEqual([200, digestOf(SECOND)]);
    const back = await reload<PoolReloaded>({ new_model_ref: 'haiku-nano' });
    expect([back.status, await servedDigest()]).toEqual([200, digestOf(HAIKU)]);
    expect(terminalOf(await app.frames(task_id)).event).toBe('end');
  });
});

it('The daemon that stops while a new model loads leaves no engine behind (ORCH-4808, ORCH-2102)', async () => {
  const before = engines();
  const stopping = await startTestApp({ pools: [POOL] });
  const body = { new_model_ref: ref };
  const letProbe = holdStep('probe');
  const reloading = stopping.call('/v1/pools/haiku/reload', { method: 'POST', body }).catch(() => undefined);
  const own = () => engines().filter((pid) => !before.includes(pid));
  await eventually(() => expect(own().length).toBe(2));
  const stopped = stopping.app.shutDown(0);
  letProbe();
  await stopped;
  await reloading;
  await eventually(() => expect(own()).toEqual([]));
});
