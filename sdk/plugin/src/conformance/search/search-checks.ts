import { isDeepStrictEqual } from 'node:util';
import { type SearchCall, type SearchFetch, type SearchReply, type SearchResult } from '../../contracts/search.js';
import { demand, within } from '../demand.js';
import { type Check } from '../kit.js';
import { type SearchSubject } from './search-kit.js';

const PATIENCE_MS = 5_000;
const LIVE = new AbortController().signal;
/** Whatever a URL or a JSON text would take for its own. */
const ODD_QUERY = 'ähm? "a&b=c" #1 100% {limit} +';

/** What a search provider owes to the agents that search, and to the operator behind the door. */
export const searchChecks: readonly Check<SearchSubject>[] = [
  {
    name: 'SP-01 gives the results of the far side, in its order',
    async run(subject) {
      const results = made(3);
      const found = await search(subject, 'pond', 10, answering(subject, results));
      demand(isDeepStrictEqual(found, results), 'The results are not those of the far side; map each member.', {
        actual: found,
        expected: results,
      });
    },
  },
  {
    name: 'SP-02 gives at most as many as were asked for',
    async run(subject) {
      const found = await search(subject, 'pond', 2, answering(subject, made(5)));
      demand(found.length === 2, `A search for 2 results gave ${found.length}; cut the list.`);
    },
  },
  {
    name: 'SP-03 hands the query over as it is',
    async run(subject) {
      const calls: SearchCall[] = [];
      await search(subject, ODD_QUERY, 10, answering(subject, made(1), calls));
      const [first] = calls;
      demand(first !== undefined, 'No call was made with the fetch that the host lends; use it for every call.');
      const actual = subject.fixture.queryOf(first);
      demand(actual === ODD_QUERY, 'The far side gets another query; encode it.', { actual, expected: ODD_QUERY });
    },
  },
  {
    name: 'SP-04 gives an empty list when nothing is found',
    async run(subject) {
      const found = await search(subject, 'pond', 10, answering(subject, []));
      demand(isDeepStrictEqual(found, []), 'No results are no failure; give an empty list.');
    },
  },
  failing('SP-05 fails when the far side says that it failed', async () => reply({ status: 500, text: 'oops' })),
  failing('SP-06 fails when the answer is no result list', async () => reply({ text: '<html>hello</html>' })),
  failing('SP-07 fails when the host refuses the call', () => Promise.reject(new Error('refused'))),
  {
    name: 'SP-08 keeps searches that run at once apart',
    async run(subject) {
      const both = await Promise.all(
        [1, 3].map((count) => search(subject, `pond ${count}`, 10, answering(subject, made(count)))),
      );
      const counts = both.map(({ length }) => length);
      demand(isDeepStrictEqual(counts, [1, 3]), 'Two searches at once mix their results; keep no state between them.');
    },
  },
];

function failing(name: string, fetch: SearchFetch): Check<SearchSubject> {
  return {
    name,
    async run(subject) {
      const outcome = await search(subject, 'pond', 10, fetch).then(
        () => undefined,
        (error: unknown) => error,
      );
      demand(outcome instanceof Error, 'The search gave a list; throw an Error that says what went wrong.');
      demand(outcome.message.length > 0, 'The error has no message; say what the far side answered.');
    },
  };
}

function search({ provider }: SearchSubject, query: string, limit: number, fetch: SearchFetch) {
  return within(provider.search(query, limit, LIVE, fetch), PATIENCE_MS, 'The search is stuck.');
}

function answering(
  { fixture }: SearchSubject,
  results: readonly SearchResult[],
  calls: SearchCall[] = [],
): SearchFetch {
  return async (call) => {
    calls.push(call);
    return reply(fixture.replyWith(results));
  };
}

function reply(members: Pick<SearchReply, 'text'> & Partial<SearchReply>): SearchReply {
  return { status: 200, headers: {}, truncated: false, ...members };
}

function made(count: number): SearchResult[] {
  return Array.from({ length: count }, (_, at) => ({
    title: `Pond ${at}`,
    url: `https://example.com/pond/${at}`,
    snippet: `A frog jumps into pond ${at}.`,
  }));
}
