import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CatalogModel } from '@llama-orch/client';
import { type Route } from './support/contract-server.js';
import { always, cli, closeServerAfterEach, server } from './support/cli-rig.js';

closeServerAfterEach();

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-cli-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const MODEL: CatalogModel = {
  ...{ id: 'org/m', digest: DIGEST, source_url: 'file:/models/m.gguf', version: null, aliases: ['m'], tags: [] },
  ...{ manifests: [], signatures: [], sbom: null, trust_policy: null, state: 'Active', local: true },
  ...{ size_bytes: 3 * 1024 * 1024, created_ms: 1, added_by: 'local', resolved_ref: null, quarantined: false },
  ...{ last_verification: null, fetch: null, warnings: ['it has no signature'] },
};
const ADD = { 'POST /v1/catalog/models': always({ status: 201, body: MODEL }) };

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('llama-orch models', () => {
  it('add works out the digest of a local file, sends what belongs to it, and shows warnings (ORCH-3060, OC-CLI-2101)', async () => {
    const path = file('m.gguf', 'weights');
    const argv = [
      'models',
      'add',
      'org/m',
      '--source',
      `file:${path}`,
      '--alias',
      'm',
      '--alias',
      'n',
      '--trust',
      'permissive',
    ];
    const more = ['--signature', file('m.sig', '{"a":1}'), '--sbom', file('m.json', '{}'), '--unsigned'];
    const { code, io } = await cli([...argv, ...more], ADD);
    expect([code, io.err]).toEqual([0, 'warning: it has no signature\n']);
    expect(server.received[0]?.body).toMatchObject({
      ...{ id: 'org/m', source_url: `file:${path}`, aliases: ['m', 'n'], signed: false },
      digest: `sha256:${createHash('sha256').update('weights').digest('hex')}`,
      signatures: [{ bundle: { a: 1 } }],
      sbom: { text: '{}', digest: `sha256:${createHash('sha256').update('{}').digest('hex')}` },
    });
    expect(server.received[0]?.headers['x-trust-policy']).toBe('permissive');
    expect(io.out).toMatch(/digest +sha256:abab/);
  });

  it.each([
    [['models', 'add', 'm'], /--digest is needed/],
    [['models', 'add', 'm', '--source', 'file:/nowhere/m.gguf'], /cannot be read \(ENOENT\)/],
    [['models', 'add', 'm', '--digest', DIGEST, '--signature', '/nowhere'], /correct --signature/],
  ])('%j is told what is missing, and sends nothing (ORCH-4806)', async (argv, says) => {
    const { code, io } = await cli(argv, ADD);
    expect([code, server.received.length]).toEqual([2, 0]);
    expect(io.err).toMatch(says);
  });

  it('ls and show tell state, size, digest and what the last look found (ORCH-3060)', async () => {
    const items = [MODEL, { ...MODEL, id: 'bad', quarantined: true, local: false, size_bytes: null, digest: null }];
    const list: Route = () => ({ status: 200, body: { items, next_cursor: 'n' } });
    const { io } = await cli(['models', 'ls', '--limit', '2'], { 'GET /v1/catalog/models': list });
    const [, first, second] = io.out.split('\n');
    expect(first).toMatch(/^org\/m +Active +yes +3\.0 MiB +sha256:abababababab +- +file:/);
    expect(second).toMatch(/^bad +Active +no +- +- +quarantined/);
    expect(io.err).toContain('--cursor n');
    const shown = await cli(['models', 'show', 'org/m', '--json'], {
      'GET /v1/catalog/models/{id}': always({ status: 200, body: MODEL }),
    });
    expect(shown.io.json).toMatchObject({ schema_version: 1, id: 'org/m' });
    expect(server.received[0]?.id).toBe('org%2Fm');
  });

  it.each(['pass', 'warn', 'fail'] as const)(
    'verify waits for the result, and %s sets the exit code (ORCH-3064)',
    async (state) => {
      const running = { id: 'v', state: 'running', reason: null, started_ms: 1, finished_ms: null };
      const ended = { ...running, state, reason: state === 'pass' ? null : 'unsigned', finished_ms: 2 };
      let asked = 0;
      const read: Route = () => ({
        status: 200,
        body: { ...MODEL, last_verification: asked++ === 0 ? running : ended },
      });
      const { code, io } = await cli(['models', 'verify', 'org/m'], {
        'POST /v1/catalog/models/{id}/verify': always({
          status: 202,
          body: { status: 'started', verification_id: 'v' },
        }),
        'GET /v1/catalog/models/{id}': read,
      });
      expect([code, io.out.startsWith(`org/m: ${state}`)]).toEqual([state === 'fail' ? 1 : 0, true]);
    },
  );

  it('retire, activate and rm change the state, and say what follows (ORCH-3072, ORCH-4607)', async () => {
    const state = (name: string) => ({
      'POST /v1/catalog/models/{id}/state': always({ status: 202, body: { status: 'accepted', state: name } }),
    });
    const retired = await cli(['models', 'retire', 'org/m', '--deadline', '5000'], state('Retired'));
    expect(retired.io.out).toContain('what still runs after 5.0 s is ended');
    expect(server.received[0]?.body).toEqual({ state: 'Retired', deadline_ms: 5000 });
    const active = await cli(['models', 'activate', 'org/m'], state('Active'));
    expect(active.io.out).toContain('its pools load it again');
    expect(server.received[0]?.body).toEqual({ state: 'Active' });
    const removed = await cli(['models', 'rm', 'org/m'], { 'DELETE /v1/catalog/models/{id}': always({ status: 204 }) });
    expect([removed.code, removed.io.err]).toEqual([0, 'there is no such model any more\n']);
  });
});
