import { type SearchResult, type SearchToolFailed, type UpstreamError } from '@llama-orch/client';
import { EgressFailure } from '../egress/egress.js';
import { type Redactor } from '../observability/redactor.js';

/** A provider that gave no list of results. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';

  constructor(
    readonly kind: Extract<UpstreamError['kind'], 'provider' | 'timeout'>,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const LONGEST = { title: 500, url: 8_192, snippet: 4_000 } as const;
const LONGEST_MESSAGE = 300;

/** What a provider gave, within bounds. @throws ProviderFailure when it is no list of results */
export function resultsOf(found: unknown, limit: number): SearchResult[] {
  if (!Array.isArray(found)) throw new ProviderFailure('provider', 'it gave no list of results');
  return found.slice(0, limit).map((item: unknown) => ({
    title: memberOf(item, 'title'),
    url: memberOf(item, 'url'),
    snippet: memberOf(item, 'snippet'),
  }));
}

function memberOf(item: unknown, name: keyof SearchResult): string {
  const value: unknown = typeof item === 'object' && item !== null ? (item as Partial<SearchResult>)[name] : undefined;
  if (typeof value !== 'string') throw new ProviderFailure('provider', `it gave a result without ${name}`);
  return value.slice(0, LONGEST[name]);
}

/** Why there are no results, without secrets. */
export function failureOf(error: unknown, redactor: Redactor): SearchToolFailed {
  if (error instanceof EgressFailure) return { error: { kind: error.kind, message: error.message } };
  const kind = error instanceof ProviderFailure ? error.kind : 'provider';
  const said = error instanceof Error ? error.message : 'it failed';
  return { error: { kind, message: redactor.text(`the search provider failed: ${said}`).slice(0, LONGEST_MESSAGE) } };
}
