import { describeSearchProvider } from '@llama-orch/plugin-sdk/conformance';
import httpJson from '../src/index.js';

describe('the contract of search providers (ORCH-4701, OC-POLICY-4030)', () => {
  describeSearchProvider(httpJson, {
    options: { url: 'http://searxng.internal:8888/search?format=json&q={query}' },
    replyWith: (results) => ({
      text: JSON.stringify({ results: results.map(({ title, url, snippet }) => ({ title, url, content: snippet })) }),
    }),
    queryOf: ({ url }) => new URL(url).searchParams.get('q') ?? '',
  });
});
