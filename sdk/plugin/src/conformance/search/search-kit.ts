import {
  type SearchCall,
  type SearchProvider,
  type SearchProviderPlugin,
  type SearchReply,
  type SearchResult,
} from '../../contracts/search.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { createPlugin, pluginChecks, type PluginSubject } from '../plugin-checks.js';
import { searchChecks } from './search-checks.js';

/** What the kit needs to know to play the far side of a provider. */
export interface SearchFixture {
  /** Options of the plugin, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The far side's answer that holds these results. */
  replyWith(results: readonly SearchResult[]): Pick<SearchReply, 'text'> & Partial<SearchReply>;
  /** What is searched for in a call. */
  queryOf(call: SearchCall): string;
}

export interface SearchSubject extends PluginSubject {
  readonly provider: SearchProvider;
  readonly fixture: SearchFixture;
}

export function searchKit<Options>(plugin: SearchProviderPlugin<Options>, fixture: SearchFixture): Kit<SearchSubject> {
  const options = fixture.options ?? {};
  return {
    title: `search provider ${plugin.id}`,
    checks: [...pluginChecks, ...searchChecks],
    open: async () => ({ plugin, options, fixture, provider: await createPlugin(plugin, options) }),
    close: async () => undefined,
  };
}

/** Declares one test per demand of the contract of search providers. */
export function describeSearchProvider<Options>(
  plugin: SearchProviderPlugin<Options>,
  fixture: SearchFixture,
  runner?: TestRunner,
): void {
  describeKit(searchKit(plugin, fixture), runner);
}
