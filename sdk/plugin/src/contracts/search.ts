import type { Plugin, PluginDefinition } from './plugin.js';

export interface SearchResult {
  readonly title: string;
  readonly url: string;
  /** A few sentences; empty where the provider has none. */
  readonly snippet: string;
}

/** One HTTP call of a provider. */
export interface SearchCall {
  /** Default GET. */
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Names of `tools.secrets`: the host adds their headers after the decision, and shows them to nobody. */
  readonly secrets?: readonly string[];
}

/** What came back: decoded, redacted, and cut where the operator's cap is. */
export interface SearchReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** There was more. */
  readonly truncated: boolean;
}

/**
 * The host's door to the network: address guard, policies, caps, redaction, audit. A provider dials no other way.
 * @throws Error when the call is refused or the far side fails; let it pass, the host knows it
 */
export type SearchFetch = (call: SearchCall) => Promise<SearchReply>;

/** Finds pages for agents. */
export interface SearchProvider {
  /**
   * At most `limit` results, best first. The host cuts what is over its bounds.
   * @throws Error with a sentence for the caller when the far side answers something that is no result list
   */
  search(query: string, limit: number, signal: AbortSignal, fetch: SearchFetch): Promise<readonly SearchResult[]>;
}

export type SearchProviderPlugin<Options = unknown> = Plugin<'search-provider', Options, SearchProvider>;

/** Declares a search provider: the default export of its package. */
export function defineSearchProvider<Options>(
  definition: PluginDefinition<Options, SearchProvider>,
): SearchProviderPlugin<Options> {
  return { ...definition, kind: 'search-provider' };
}
