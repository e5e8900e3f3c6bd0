import { describeModelSource } from '@llama-orch/plugin-sdk/conformance';
import { ModelServer } from '../../../test/support/model-server.js';
import https from '../src/index.js';

const BYTES = Buffer.from('some weights');

describe('the contract of model sources (ORCH-4701, ORCH-3090)', () => {
  describeModelSource(https, {
    startServer: async () => {
      const server = await ModelServer.start();
      let isLocked = false;
      server.file('/team/a.gguf', BYTES, () => (isLocked ? { type: 'status', status: 401 } : undefined));
      const host = `127.0.0.1:${server.port}`;
      return {
        options: { plain_http: [host] },
        model: {
          ...{ ref: `https://${host}/team/a.gguf`, files: { 'a.gguf': BYTES }, registry: host, tellsDigests: false },
        },
        missingRef: `https://${host}/team/b.gguf`,
        malformedRefs: ['https:', `https://${host}/`, `https://u:p@${host}/a.gguf`, `https://${host}/a.gguf#md5=1`],
        calls: server.requests.map(({ path, headers }) => ({ url: path, headers })),
        lock: () => void (isLocked = true),
        close: () => server.close(),
      };
    },
  });
});
