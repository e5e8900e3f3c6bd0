import { describeModelSource } from '@llama-orch/plugin-sdk/conformance';
import huggingface from '../src/index.js';
import { COMMIT, FILES, Hub } from './hub.js';

describe('the contract of model sources (ORCH-4701, ORCH-3090)', () => {
  describeModelSource(huggingface, {
    startServer: async () => {
      const hub = await Hub.start();
      const { server } = hub;
      return {
        options: { endpoint: server.url, token_env: 'NO_SUCH_TOKEN' },
        model: {
          ...{ ref: 'hf:team/pond', files: FILES, revision: COMMIT, tellsDigests: true },
          registry: `127.0.0.1:${server.port}/team/pond`,
        },
        missingRef: 'hf:team/lake',
        malformedRefs: ['hf:pond', 'hf:team/../a', 'hf:team/pond@', 'hf:team/pond/a/../b', 'repo:team/pond/a.gguf'],
        calls: server.requests.map(({ path, headers }) => ({ url: path, headers })),
        lock: () => void (hub.token = 'secret'),
        close: () => server.close(),
      };
    },
  });
});
