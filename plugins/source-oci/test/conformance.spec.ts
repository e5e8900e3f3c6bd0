import { describeModelSource } from '@llama-orch/plugin-sdk/conformance';
import oci from '../src/index.js';
import { digestOf, MANIFEST, Registry, WEIGHTS } from './registry.js';

describe('the contract of model sources (ORCH-4701, ORCH-3090)', () => {
  describeModelSource(oci, {
    startServer: async () => {
      const registry = await Registry.start();
      const { server, host } = registry;
      return {
        options: { plain_http: [host] },
        model: {
          ...{ ref: `oci://${host}/team/pond:v1`, files: { 'model.gguf': WEIGHTS }, revision: digestOf(MANIFEST) },
          ...{ registry: `${host}/team/pond`, tellsDigests: true },
        },
        missingRef: `oci://${host}/team/lake:v1`,
        malformedRefs: [
          `oci://${host}/pond`,
          `oci://${host}/Pond:v1`,
          `oci://${host}/../a:v1`,
          `oci://${host}/a@sha256:1`,
        ],
        calls: server.requests.map(({ path, headers }) => ({ url: path, headers })),
        lock: () => void (registry.lock = 'password'),
        close: () => server.close(),
      };
    },
  });
});
