import { type SearchCall, type SearchReply } from '@llama-orch/plugin-sdk';
import httpJson from '../src/index.js';

const { signal } = new AbortController();
const ADDRESS = 'https://search.example/api?q={query}&n={limit}';
const reading = (options: object) => httpJson.options.safeParse({ url: ADDRESS, ...options });

async function search(options: object, reply: Partial<SearchReply>, calls: SearchCall[] = [], query = 'old pond') {
  const provider = await httpJson.create(httpJson.options.parse({ url: ADDRESS, ...options }), {
    log: () => undefined,
  });
  return provider.search(query, 5, signal, async (call) => {
    calls.push(call);
    return { status: 200, headers: {}, text: '{}', truncated: false, ...reply };
  });
}

describe('http-json', () => {
  it('finds the results where the pointers lead (OC-POLICY-4030)', async () => {
    const options = { results: '/web/0', title: '/name', link: '/at~1', snippet: '/about/text' };
    const items = [{ name: 'Pond', 'at/': 'https://a.example/', about: { text: 'A frog.' } }, { name: 'No address' }];
    expect(await search(options, { text: JSON.stringify({ web: [items] }) })).toEqual([
      { title: 'Pond', url: 'https://a.example/', snippet: 'A frog.' },
    ]);
  });

  it('takes a list at the top, and gives empty texts where the far side has none', async () => {
    expect(await search({ results: '' }, { text: '[{"url":"https://a.example/","title":7}]' })).toEqual([
      { title: '', url: 'https://a.example/', snippet: '' },
    ]);
  });

  it('sends headers, and the names of secrets that the host puts in (OC-POLICY-4030)', async () => {
    const calls: SearchCall[] = [];
    await search({ headers: { 'x-lang': 'en' }, secrets: ['searx'] }, { text: '{"results":[]}' }, calls, 'a/b {limit}');
    expect(calls).toEqual([
      {
        url: 'https://search.example/api?q=a%2Fb%20%7Blimit%7D&n=5',
        headers: { accept: 'application/json', 'x-lang': 'en' },
        secrets: ['searx'],
      },
    ]);
  });

  it.each<readonly [string, Partial<SearchReply>, string]>([
    ['another status', { status: 429 }, 'answered 429'],
    ['a page', { text: '<html>' }, 'not JSON'],
    ['no list', { text: '{"results":{}}' }, 'no list at /results'],
    ['a member of all objects', { text: '{"results":{}}' }, 'no list'],
    ['an answer that was cut', { truncated: true }, 'longer than tools.max_bytes'],
  ])('says so when the far side gives %s', async (_what, reply, words) => {
    await expect(search({}, reply)).rejects.toThrow(words);
  });

  it('takes nothing from what all objects have', async () => {
    await expect(search({ results: '/constructor' }, { text: '{}' })).rejects.toThrow('no list at /constructor');
  });

  it.each([
    ['no {query}', { url: 'https://search.example/' }, 'must hold {query}'],
    ['a query that chooses the host', { url: 'https://{query}.example/' }, 'after the host'],
    ['a query that is the address', { url: '{query}' }, 'after the host'],
    ['another scheme', { url: 'file:///{query}' }, 'must begin with http'],
    ['a pointer that is none', { results: 'results' }, 'JSON Pointer'],
    ['an option that is not known', { adress: 1 }, 'adress'],
  ])('refuses %s', (_what, options, words) => {
    const { success, error } = reading(options);
    expect(success).toBe(false);
    expect(error?.message).toContain(words);
  });
});
