import { createHash, createHmac } from 'node:crypto';

export interface Keys {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string | undefined;
}

/** What is signed. The host may add headers to it, such as a range, without making the signature wrong. */
export interface Signable {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

const EMPTY = createHash('sha256').update('').digest('hex');

/** Signature version 4 of AWS, for a request without a body: what is added to its headers. */
export function signed(
  { method, url, headers }: Signable,
  { accessKey, secretKey, sessionToken }: Keys,
  region: string,
  now: Date,
): { readonly headers: Readonly<Record<string, string>>; readonly secretHeaders: Readonly<Record<string, string>> } {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const secrets: Record<string, string> = sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken };
  const open = { ...headers, 'x-amz-content-sha256': EMPTY, 'x-amz-date': time };
  const all = { ...open, ...secrets, host: url.host };
  const names = Object.keys(all).sort();
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const lines = names.map((name) => `${name}:${(all as Record<string, string>)[name]!.trim()}\n`).join('');
  const request = [method, url.pathname, sortedQuery(url), lines, names.join(';'), EMPTY].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join('\n');
  const signature = hmac(keyFor(secretKey, scope), text).toString('hex');
  const credential = `Credential=${accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { headers: open, secretHeaders: { ...secrets, authorization: `AWS4-HMAC-SHA256 ${credential}` } };
}

/** Each part as the signature wants it: all but letters, digits and `-._~` percent-encoded. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sortedQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
}

function keyFor(secretKey: string, scope: string): Buffer {
  return scope.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secretKey}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
