import { type SearchFetch, type SearchProvider, type SearchReply, type SearchResult } from '@llama-orch/plugin-sdk';
import { addressOf } from './address.js';
import { type HttpJsonOptions } from './options.js';
import { valueAt } from './pointer.js';

/** Asks one endpoint and picks the results out of its JSON. */
export class HttpJsonProvider implements SearchProvider {
  constructor(private readonly options: HttpJsonOptions) {}

  async search(
    query: string,
    limit: number,
    signal: AbortSignal,
    fetch: SearchFetch,
  ): Promise<readonly SearchResult[]> {
    const { url, headers, secrets } = this.options;
    signal.throwIfAborted();
    const reply = await fetch({
      url: addressOf(url, query, limit),
      headers: { accept: 'application/json', ...headers },
      secrets,
    });
    return this.listIn(reply)
      .map((item) => this.resultOf(item))
      .filter((result) => result !== undefined)
      .slice(0, limit);
  }

  private listIn(reply: SearchReply): readonly unknown[] {
    if (reply.status !== 200) throw new Error(`the search endpoint answered ${reply.status}`);
    if (reply.truncated) throw new Error('the answer of the search endpoint is longer than tools.max_bytes');
    const list = valueAt(parsed(reply.text), this.options.results);
    if (Array.isArray(list)) return list;
    throw new Error(`the answer of the search endpoint has no list at ${this.options.results || 'its top'}`);
  }

  /** Items without an address are passed over: there is nothing to go to. */
  private resultOf(item: unknown): SearchResult | undefined {
    const { title, link, snippet } = this.options;
    const url = textAt(item, link);
    return url === '' ? undefined : { title: textAt(item, title), url, snippet: textAt(item, snippet) };
  }
}

function textAt(item: unknown, pointer: string): string {
  const value = valueAt(item, pointer);
  return typeof value === 'string' ? value : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error('the search endpoint answered something that is not JSON', { cause });
  }
}
