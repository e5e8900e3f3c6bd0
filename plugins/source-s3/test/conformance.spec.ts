import { describeModelSource } from '@llama-orch/plugin-sdk/conformance';
import s3 from '../src/index.js';
import { Bucket, BYTES, VERSION } from './bucket.js';

describe('the contract of model sources (ORCH-4701, ORCH-3090)', () => {
  describeModelSource(s3, {
    startServer: async () => {
      const bucket = await Bucket.start();
      const { server } = bucket;
      return {
        options: { endpoint: server.url, anonymous: true },
        model: {
          ...{ ref: 's3://models/team/a.gguf', files: { 'a.gguf': BYTES }, revision: VERSION },
          ...{ registry: 's3/models', tellsDigests: true },
        },
        missingRef: 's3://models/team/b.gguf',
        malformedRefs: ['s3://models', 's3://models/', 's3://UP/key', 's3://models/../a', 's3:models/a'],
        calls: server.requests.map(({ path, headers }) => ({ url: path, headers })),
        lock: () => void (bucket.accessKey = 'AKIA'),
        close: () => server.close(),
      };
    },
  });
});
