import { request } from 'node:http';
import { type SourceCall, type SourceFetch, type SourceReply } from '../../contracts/source.js';

/** A door such as the host lends: plain HTTP to loopback alone, with every call written down. No redirect is followed with secrets. */
export function kitFetch(calls: SourceCall[]): SourceFetch {
  return async (call) => {
    calls.push(call);
    return exchange(call, 5);
  };
}

/** The bytes that a call leads to, or a part of them. */
export async function bytesOf(call: SourceCall, range?: readonly [first: number, last: number]): Promise<SourceReply> {
  const headers = range === undefined ? call.headers : { ...call.headers, range: `bytes=${range[0]}-${range[1]}` };
  return exchange({ ...call, ...(headers === undefined ? {} : { headers }) }, 5);
}

async function exchange(call: SourceCall, redirects: number): Promise<SourceReply> {
  const reply = await once(call);
  const { location } = reply.headers;
  if (reply.status < 300 || reply.status >= 400 || location === undefined) return reply;
  if (redirects === 0) throw new Error('too many redirects');
  const url = new URL(location, call.url).href;
  const { method, headers } = call;
  const isSame = new URL(url).origin === new URL(call.url).origin;
  const secrets = isSame && call.secretHeaders !== undefined ? { secretHeaders: call.secretHeaders } : {};
  const next = { url, ...(method === undefined ? {} : { method }), ...(headers === undefined ? {} : { headers }) };
  return exchange({ ...next, ...secrets }, redirects - 1);
}

function once({ method = 'GET', url, headers = {}, secretHeaders = {}, body }: SourceCall): Promise<SourceReply> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { ...headers, ...secretHeaders }, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
          body: Buffer.concat(pieces),
          finalUrl: url,
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
