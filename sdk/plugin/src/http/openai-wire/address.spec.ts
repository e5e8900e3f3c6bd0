import { openAiAddress } from './address.js';

describe('openAiAddress', () => {
  it.each([
    ['http://host:8000', 'http://host:8000/', '/v1'],
    ['http://host:8000/v1/', 'http://host:8000/', '/v1'],
    ['https://host/openai/v1', 'https://host/openai', '/v1'],
    ['https://host/v1beta/openai/', 'https://host/', '/v1beta/openai'],
    ['http://host/llm', 'http://host/llm', '/v1'],
    ['http://host/v1?key=x#y', 'http://host/', '/v1'],
    ['no url', 'no url', '/v1'],
  ])('takes %s apart (ORCH-3032)', (url, rootUrl, api) => {
    expect(openAiAddress(url)).toEqual({ rootUrl, api });
  });
});
