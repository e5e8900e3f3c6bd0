import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError, Client, type CreateCatalogModel } from '@llama-orch/client';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { completion, mockPool } from '../support/start-app.js';

const data = mkdtempSync(join(tmpdir(), 'llama-orch-data-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const CONFIG = { pools: [mockPool()], catalog: { weights_dir: join(data, 'weights') } };
const SBOM = '{"bomFormat":"CycloneDX","specVersion":"1.6"}';
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const MODEL: CreateCatalogModel = {
  ...{ id: 'org/kept@1', digest: digestOf('weights'), source_url: 'hf:org/kept/kept.gguf@main', version: '1' },
  ...{ aliases: ['kept'], tags: ['chat'], signed: true },
  manifests: [{ path: 'kept.gguf', digest: digestOf('weights'), size_bytes: 7 }],
  signatures: [{ signer: 'org', algo: 'ecdsa', bundle: { mediaType: 'none' } }],
  sbom: { uri: 'file:/sbom.json', digest: digestOf(SBOM), text: SBOM },
};

async function start(): Promise<{ daemon: Daemon; client: Client }> {
  const daemon = await Daemon.start(CONFIG, { LLORCH_DATA_DIR: data });
  return { daemon, client: new Client({ url: daemon.url }) };
}

const task = completion('a frog', { max_tokens: 2 }) as unknown as Parameters<Client['submit']>[0];
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  );
const stateOf = async (client: Client) => (await client.poolHealth('mock')).state;

it('keeps models, what came with them and their state when the daemon is killed (ORCH-3037, ORCH-3065, ORCH-4605)', async () => {
  const first = await start();
  await eventually(async () => expect(await stateOf(first.client)).toBe('ready'));
  const added = await first.client.addModel(MODEL);
  const served = await first.client.model('mock-model');
  await first.client.setModelState('mock-model', { state: 'Retired', deadline_ms: 0 });
  first.daemon.signal('SIGKILL');
  await first.daemon.exit();

  const second = await start();
  expect(await second.client.model(MODEL.id)).toEqual(added);
  expect(await second.client.addModel(MODEL)).toEqual(added);
  expect(await second.client.model('mock-model')).toEqual({ ...served, state: 'Retired' });
  expect(await stateOf(second.client)).toBe('stopped');
  expect(await codeOf(second.client.submit(task))).toBe('MODEL_DEPRECATED');
  expect(second.daemon.lines).not.toContainEqual(expect.objectContaining({ event: 'preload' }));
  await second.client.setModelState('mock-model', { state: 'Active' });
  await eventually(async () => expect(await stateOf(second.client)).toBe('ready'));
  await expect(second.client.submit(task)).resolves.toHaveProperty('task_id');

  const entries = join(data, 'catalog/entries');
  const folder = readdirSync(entries).find((name) => name.startsWith('org-kept'))!;
  expect(readdirSync(join(entries, folder)).sort()).toEqual([
    ...['entry.json', 'manifests.json', 'sbom.json', 'signature-0.sigstore.json'],
  ]);
  expect(readFileSync(join(entries, folder, 'sbom.json'), 'utf8')).toBe(SBOM);
  await second.client.removeModel(MODEL.id);
  expect(await codeOf(second.client.model(MODEL.id))).toBe('NOT_FOUND');
  await second.daemon.kill();
});
