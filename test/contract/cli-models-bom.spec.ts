import { type ModelBom } from '@llama-orch/client';
import { always, cli, closeServerAfterEach, server } from './support/cli-rig.js';

closeServerAfterEach();

const BOM: ModelBom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: 'urn:uuid:7f9a1c30-52b1-8c5e-9d1a-0a4b6f0e2c11',
  version: 1,
  metadata: { component: { type: 'machine-learning-model', name: 'small\u009b31m' } },
};

describe('llama-orch models bom', () => {
  const route = { 'GET /v1/catalog/models/{id}/bom': always({ status: 200, body: BOM }) };

  it('prints the document alone, ready for a file, and steers no terminal (ORCH-3065, OC-CLI-2101)', async () => {
    const { code, io } = await cli(['models', 'bom', 'org/small'], route);
    expect(code).toBe(0);
    expect(JSON.parse(io.out)).toEqual(BOM);
    expect(io.out).not.toContain('\u009b');
    expect(server.received[0]).toMatchObject({ method: 'GET', id: 'org%2Fsmall' });
  });
});
