import { runKit, searchKit, type SearchFixture } from '../src/conformance/index.js';
import { defineSearchProvider, type SearchProvider, type SearchResult, z } from '../src/index.js';

type Search = SearchProvider['search'];

const sound: Search = async (query, limit, _signal, fetch) => {
  const reply = await fetch({ url: `https://a.example/?q=${encodeURIComponent(query)}` });
  if (reply.status !== 200) throw new Error(`the far side answered ${reply.status}`);
  return (JSON.parse(reply.text) as SearchResult[]).slice(0, limit);
};

const fixture: SearchFixture = {
  replyWith: (results) => ({ text: JSON.stringify(results) }),
  queryOf: ({ url }) => new URL(url).searchParams.get('q') ?? '',
};

async function failuresOf(search: Search): Promise<string[]> {
  const plugin = defineSearchProvider({
    ...{ id: 'mutant', version: '1.0.0', apiVersion: '^1.0.0', options: z.strictObject({}) },
    create: () => ({ search }),
  });
  const results = await runKit(searchKit(plugin, fixture));
  return results.filter(({ type }) => type === 'failed').map(({ name }) => name.slice(0, 5));
}

/** Gives an empty list in place of an error. */
const quiet: Search = async (...args) => sound(...args).catch(() => []);
let last: readonly SearchResult[] = [];

describe('the conformance kit of search providers (ORCH-4701)', () => {
  it('finds nothing wrong with a sound one', async () => expect(await failuresOf(sound)).toEqual([]));

  it.each<readonly [string, Search, readonly string[]]>([
    ['gives them backwards', async (...args) => (await sound(...args)).toReversed(), ['SP-01']],
    ['gives all of them', (query, _limit, ...rest) => sound(query, 100, ...rest), ['SP-02']],
    [
      'does not encode the query',
      async (query, limit, signal, fetch) =>
        sound(query, limit, signal, () => fetch({ url: `https://a.example/?q=${query}` })),
      ['SP-03'],
    ],
    [
      'fails when there is nothing',
      async (...args) => {
        const found = await sound(...args);
        if (found.length === 0) throw new Error('nothing');
        return found;
      },
      ['SP-04'],
    ],
    ['hides what went wrong', quiet, ['SP-05', 'SP-06', 'SP-07']],
    [
      'keeps what another search found',
      async (...args) => {
        last = await sound(...args);
        await new Promise((resolve) => setImmediate(resolve));
        return last;
      },
      ['SP-08'],
    ],
  ])('catches one that %s', async (_what, search, caught) => expect(await failuresOf(search)).toEqual(caught));
});
