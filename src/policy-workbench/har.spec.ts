import { callsOfHar } from './har.js';

const har = (entries: readonly object[]): string => JSON.stringify({ log: { entries } });

describe('Calls of a HAR file', () => {
  it('are read with headers and body (OC-POLICY-SDK-4110)', () => {
    const headers = [
      { name: ':authority', value: 'a.example' },
      { name: 'X-A', value: '1' },
    ];
    const request = { method: 'post', url: 'https://a.example/', headers, postData: { text: '{"a":1}' } };
    expect(callsOfHar(har([{ request }]), 'f')).toEqual([
      { method: 'POST', url: 'https://a.example/', headers: [['x-a', '1']], body: '{"a":1}' },
    ]);
  });

  it('are left out when they are none (OC-POLICY-SDK-4110)', () => {
    const odd = ['data:text/plain,x', 'blob:https://a.example/1', 'no url'];
    const entries = odd.map((url) => ({ request: { method: 'GET', url } }));
    expect(callsOfHar(har([{}, { request: { method: 'GET' } }, ...entries]), 'f')).toEqual([]);
  });

  it.each([
    ['no JSON', 'x', /a\.har is no HAR file/],
    ['another JSON', '[]', /a\.har has no log\.entries/],
  ])('are asked for again when the file is %s (OC-POLICY-SDK-4110)', (_what, text, words) => {
    expect(() => callsOfHar(text, 'a.har')).toThrow(words);
  });
});
