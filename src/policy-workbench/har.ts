import { UserInputError } from './user-input-error.js';

/** A call as a HAR file has it, as far as policies are asked about it. */
export interface HarCall {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

interface HarFile {
  readonly log?: { readonly entries?: readonly HarEntry[] };
}

interface HarEntry {
  readonly request?: {
    readonly method?: unknown;
    readonly url?: unknown;
    readonly headers?: readonly { readonly name?: unknown; readonly value?: unknown }[];
    readonly postData?: { readonly text?: unknown };
  };
}

/** The calls of a HAR file by HTTP; what else browsers note in it is left out. @throws UserInputError when it is no HAR file */
export function callsOfHar(text: string, name: string): HarCall[] {
  const entries = parsed(text, name).log?.entries;
  if (!Array.isArray(entries)) throw new UserInputError(`${name} has no log.entries; export it anew as HAR 1.2`);
  return entries.flatMap((entry: HarEntry) => callOf(entry) ?? []);
}

function callOf({ request }: HarEntry): HarCall | undefined {
  const { method, url, headers = [], postData } = request ?? {};
  if (typeof method !== 'string' || typeof url !== 'string' || !/^https?:\/\//i.test(url)) return undefined;
  if (!URL.canParse(url)) return undefined;
  const body = postData?.text;
  return {
    method: method.toUpperCase(),
    url,
    // Browsers note the lines of HTTP/2 that are no headers.
    headers: headers
      .map(({ name, value }): [string, string] => [String(name).toLowerCase(), String(value)])
      .filter(([name]) => !name.startsWith(':')),
    body: typeof body === 'string' ? body : undefined,
  };
}

function parsed(text: string, name: string): HarFile {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // What is no JSON is answered below.
  }
  throw new UserInputError(`${name} is no HAR file: it holds no JSON object`);
}
