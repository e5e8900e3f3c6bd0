/** Where an OpenAI-style server listens. */
export interface OpenAiAddress {
  /** Base of the routes that belong to the server itself, such as `/health`. */
  readonly rootUrl: string;
  /** Path from there to the OpenAI routes: `/v1`, or as the operator wrote it. */
  readonly api: string;
}

/**
 * Takes the url of an endpoint apart at its version, such as `/v1` or `/v1beta/openai`. A url without one means `/v1`, so
 * that `http://host:8000` and `http://host:8000/v1` are the same server.
 */
export function openAiAddress(url: string): OpenAiAddress {
  if (!URL.canParse(url)) return { rootUrl: url, api: '/v1' };
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, '');
  const version = /\/v\d\w*(?=\/|$)/.exec(path);
  const root = version === null ? path : path.slice(0, version.index);
  parsed.pathname = root;
  parsed.search = '';
  parsed.hash = '';
  return { rootUrl: parsed.href, api: version === null ? '/v1' : path.slice(version.index) };
}
