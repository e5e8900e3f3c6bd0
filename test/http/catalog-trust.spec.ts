import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CatalogModel, type VerificationStarted } from '@llama-orch/client';
import { addModel, modelOf, modelPath } from '../support/catalog-calls.js';
import { issue, newKeys } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { sha256, signWithCertificate, signWithKey } from '../support/model-signer.js';
import { terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const HAIKU = readFileSync(new URL('../../plugins/engine-embedded/models/haiku-nano.gguf', import.meta.url));
const HEX = sha256(HAIKU);
const DIGEST = `sha256:${HEX}`;

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-trust-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const save = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** Its engine is a process of its own, which a busy machine may leave without a turn for seconds. */
const PROBE = { interval_ms: 500, timeout_ms: 20_000, heartbeat_stale_ms: 30_000 };

const [keys, strangers] = [newKeys(), newKeys()];
const FILES = [{ name: 'signed.gguf', digest: HEX }];
const SBOM = JSON.stringify({
  ...{ bomFormat: 'CycloneDX', specVersion: '1.6' },
  metadata: {
    component: { type: 'machine-learning-model', name: 'signed', hashes: [{ alg: 'SHA-256', content: HEX }] },
  },
});
const sbomOf = (text: string) => ({ uri: 'file:/sbom.json', digest: `sha256:${sha256(text)}`, text });
const signed = (bundle: object) => ({ signatures: [{ signer: 'team', algo: 'ecdsa', bundle }] });

/** Everything that strict trust asks for; the tests take away or break one thing each. */
const PROVEN = {
  ...{ id: 'signed', digest: DIGEST, source_url: `file:${join(folder, 'signed.gguf')}`, sbom: sbomOf(SBOM) },
  ...signed(signWithKey(FILES, keys)),
};

const root = issue({ name: 'root', isAuthority: true });
const past = { from: new Date('2001-01-01'), until: new Date('2002-01-01') };

function start(mode: 'strict' | 'permissive', model = 'haiku-nano'): Promise<TestApp> {
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const ca_roots = [save('key.pem', publicKey), save('root.pem', root.pem)];
  const pools = [{ id: 'trust', engine: 'embedded', model, probe: PROBE }];
  return startTestApp({ pools, catalog: { weights_dir: folder, trust_policy: { mode, ca_roots } } }, []);
}

const BROKEN: readonly (readonly [what: string, body: object, says: RegExp])[] = [
  ['no signature', { signatures: [] }, /no signature/],
  ['no SBOM', { sbom: undefined }, /no SBOM/],
  ['the declaration that it is unsigned', { signed: false }, /declared unsigned/],
  ['the signature of a stranger', signed(signWithKey(FILES, strangers)), /key/],
  [
    'a flipped bit',
    signed(signWithKey(FILES, keys, { tampered: (payload) => Buffer.from(payload).fill(payload[0]! ^ 1, 0, 1) })),
    /signature/,
  ],
  [
    'an expired certificate',
    signed(signWithCertificate(FILES, issue({ name: 'old', issuer: root, ...past }))),
    /expired|valid/,
  ],
  ['a signature over other files', signed(signWithKey([{ name: 'other', digest: HEX }], keys)), /other|signed/],
  ['an SBOM of another model', { sbom: sbomOf(SBOM.replace(HEX, sha256('other'))) }, /SBOM/],
];

describe('Strict trust', () => {
  let app: TestApp;
  beforeAll(async () => {
    save('signed.gguf', HAIKU);
    app = await start('strict', 'signed');
  });

  it.each(BROKEN)('refuses a model with %s, for that reason (ORCH-3061, ORCH-3067)', async (_what, change, says) => {
    const refused = expectProblem(await addModel(app, { ...PROVEN, ...change }), 400, 'UNTRUSTED_ARTIFACT');
    expect(refused['message']).toMatch(says);
  });

  it('loads and serves what is signed and has its SBOM, and passes its verification (ORCH-3061, ORCH-3065, ORCH-3064)', async () => {
    const { status, body } = await addModel(app, PROVEN);
    expect([status, body.warnings, body.signatures[0]?.verified]).toEqual([201, [], true]);
    await app.untilReady('trust');
    const task = {
      workload: 'completion',
      model_ref: 'signed',
      priority: 'interactive',
      prompt: 'a frog',
      max_tokens: 4,
    };
    const { task_id } = await app.submit(task);
    expect(terminalOf(await app.frames(task_id)).event).toBe('end');
    await app.call<VerificationStarted>(modelPath('signed', '/verify'), { method: 'POST' });
    const verified: CatalogModel = await eventually(async () => {
      const found = await modelOf(app, 'signed');
      expect(found.last_verification?.finished_ms).toBeGreaterThan(0);
      return found;
    });
    expect(verified.last_verification).toMatchObject({ state: 'pass', reason: null });
    expect(await app.metric('catalog_verifications_total', { result: 'pass', engine: 'embedded' })).toBe(1);
  });
});

describe('Permissive trust', () => {
  it('takes the same models with a warning each (ORCH-3037, ORCH-3061)', async () => {
    const app = await start('permissive');
    for (const [at, [what, change]] of BROKEN.entries()) {
      const { status, body } = await addModel(app, { ...PROVEN, ...change, id: `model-${at}` });
      expect([what, status]).toEqual([what, 201]);
      expect([what, body.warnings.length > 0]).toEqual([what, true]);
    }
    expectProblem(await addModel(app, { ...PROVEN, digest: `sha256:${sha256('x')}` }), 400, 'UNTRUSTED_ARTIFACT');
  });
});
