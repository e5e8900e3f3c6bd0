import { sha256 } from '../support/model-signer.js';
import { mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

interface Bom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
}

const DIGEST = `sha256:${sha256('weights')}`;
const HASHES = [{ alg: 'SHA-256', content: sha256('weights') }];
const LICENSES = [{ license: { id: 'Apache-2.0' } }];
const SBOM = JSON.stringify({
  ...{ bomFormat: 'CycloneDX', specVersion: '1.5' },
  metadata: { component: { type: 'machine-learning-model', name: 'm', hashes: HASHES, licenses: LICENSES } },
});
const MODEL = {
  ...{ id: 'small', digest: DIGEST, version: '2', source_url: 'hf:org/small/model.gguf' },
  manifests: [{ path: 'model.gguf', digest: DIGEST, size_bytes: 7 }],
  sbom: { uri: 'https://models.example.org/small.cdx.json', digest: `sha256:${sha256(SBOM)}`, text: SBOM },
};

describe('The bill of materials of a model', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ pools: [mockPool()] });
  });

  const bomOf = (id: string) => app.call<Bom>(`/v1/catalog/models/${id}/bom`);

  it('is written from the entry, with the licences of the SBOM that came with it (ORCH-3065)', async () => {
    expect((await app.call('/v1/catalog/models', { method: 'POST', body: MODEL })).status).toBe(201);
    const answer = await bomOf('small');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/vnd.cyclonedx+json; charset=utf-8');
    expect(answer.body).toMatchObject({
      ...{ bomFormat: 'CycloneDX', specVersion: '1.6' },
      metadata: {
        component: {
          ...{ type: 'machine-learning-model', name: 'small', version: '2', hashes: HASHES, licenses: LICENSES },
          externalReferences: [{ type: 'distribution', url: 'hf:org/small/model.gguf' }],
          components: [{ type: 'file', name: 'model.gguf', hashes: HASHES }],
        },
      },
    });
    expect((await bomOf('small')).text).toBe(answer.text);
  });

  it('is written of a model that only a pool names, too', async () => {
    const { status, body } = await bomOf('mock-model');
    expect([status, body.metadata.component['name']]).toEqual([200, 'mock-model']);
  });

  it('is there for models of the catalog alone', async () => {
    expectProblem(await bomOf('nowhere'), 404, 'NOT_FOUND');
  });
});
