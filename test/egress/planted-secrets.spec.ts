import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AttackServer } from '../../src/egress/attack/attack-server.js';
import { classifyTest, PUBLIC, TestNetwork } from '../../src/egress/attack/test-network.js';
import { Network } from '../../src/egress/guard/network.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const each = (text: string, spelled: (code: number) => string) =>
  [...text].map((one) => spelled(one.charCodeAt(0))).join('');
const hex = (code: number, digits = 2) => code.toString(16).padStart(digits, '0');

const SPELLINGS: Readonly<Record<string, (secret: string) => string>> = {
  'as they are': (secret) => secret,
  'with escaped slashes': (secret) => secret.replaceAll('/', '\\/'),
  'in escapes of JSON': (secret) => each(secret, (code) => `\\u${hex(code, 4)}`),
  'in escapes of JSON in JSON': (secret) => each(secret, (code) => `\\\\u${hex(code, 4)}`),
  'in escapes of HTML': (secret) => each(secret, (code) => `&#x${hex(code)};`),
  'in escapes of URLs, in lower case': (secret) => each(secret, (code) => `%${hex(code)}`),
  'in hexadecimal digits': (secret) => Buffer.from(secret).toString('hex'),
  'in upper case hexadecimal digits': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  'in Base64': (secret) => Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  'in Base64 one byte in': (secret) => Buffer.from(` ${secret}`).toString('base64').replace(/=+$/, '').slice(2),
  'in Base64 of URLs two bytes in': (secret) => Buffer.from(`??${secret}`).toString('base64url').slice(3),
};

const SECRETS = {
  configured: 'configured/secret-1',
  authorization: 'callers/bearer-token-2',
  cookie: 'callers/cookie-value-3',
  apiKey: 'callers/api-key-4',
  query: 'callers/query-token-5',
  body: 'callers/body-password-6',
};
const VARIABLE = 'PLANTED_SECRET_OF_A_TEST';

let server: AttackServer;
let app: TestApp;
let spell: (secret: string) => string = (secret) => secret;
beforeAll(async () => {
  process.env[VARIABLE] = SECRETS.configured;
  server = await AttackServer.http((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://start.test');
    const sent = Object.values(SECRETS).filter((one) => !searchParams.has('bodiless') || one !== SECRETS.body);
    const spelled = sent.map(spell);
    if (searchParams.has('moved')) {
      response
        .writeHead(302, {
          location: `${pathname}/${spell(SECRETS.apiKey)}?${searchParams.has('bodiless') ? 'bodiless=1' : ''}`,
        })
        .end();
      return;
    }
    const type = pathname.startsWith('/bytes') ? 'application/octet-stream' : 'text/plain';
    const bytes = Buffer.concat([
      Buffer.of(...(type === 'text/plain' ? [] : [0, 0xff])),
      Buffer.from(spelled.join('\n')),
    ]);
    response.writeHead(200, { 'content-type': type, 'x-echo': spelled.join(' ') }).end(bytes);
  });
  const network = new TestNetwork({ 'start.test': [[PUBLIC]] }, new Map([[80, server.port]]));
  app = await startTestApp(
    {
      egress: { allow_private: false, rate_per_s: 100_000 },
      tools: {
        cache_ttl_ms: 60_000,
        secrets: { planted: { env: VARIABLE, header: 'x-service-key', prefix: '', hosts: ['start.test'] } },
      },
    },
    [],
    new Network(network, classifyTest, network.openSocket),
  );
});
afterAll(async () => {
  delete process.env[VARIABLE];
  await server.close();
});

/** All that the caller is told, with what is in Base64 as it is meant. */
async function answersTo(path: string, accept: string): Promise<string> {
  const headers = {
    authorization: `Bearer ${SECRETS.authorization}`,
    cookie: `theme=dark; sid=${SECRETS.cookie}`,
    'x-api-key': SECRETS.apiKey,
    'content-type': 'application/json',
  };
  const { 'content-type': _type, ...ofGet } = headers;
  const url = `http://start.test/${path}token=${encodeURIComponent(SECRETS.query)}`;
  const told: string[] = [];
  for (const call of [
    { url, headers, method: 'POST', body: JSON.stringify({ password: SECRETS.body }) },
    { url: `${url}&bodiless=1`, headers: ofGet },
  ]) {
    const { status, text } = await app.call('/v1/tools/http', {
      ...{ method: 'POST', headers: { accept } },
      body: { ...call, secrets: ['planted'] },
    });
    expect(status).toBe(200);
    const inBase64 = [...text.matchAll(/"(?:body_)?base64":"([^"]*)"/g)].map(([, one = '']) =>
      Buffer.from(one, 'base64').toString('latin1'),
    );
    told.push(text, ...inBase64);
  }
  return told.join('\n');
}

function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'))
    .join('\n');
}

describe.each(Object.entries(SPELLINGS))('secrets that come back %s', (_name, spelling) => {
  beforeAll(() => void (spell = spelling));

  it.each([
    ['text', 'text?', 'application/json'],
    ['bytes', 'bytes?', 'application/json'],
    ['a stream of text', 'text?', 'text/event-stream'],
    ['a stream of bytes', 'bytes?', 'text/event-stream'],
    ['an answer after a redirect', 'text?moved=1&', 'application/json'],
  ])(
    'in %s stand in no answer, log, metric, audit row, record or file (OC-CTRL-2041, OC-POLICY-4031)',
    async (_what, path, accept) => {
      const shown = {
        answers: await answersTo(path, accept),
        logs: JSON.stringify(app.lines),
        metrics: (await app.call('/metrics')).text,
        audit: (await app.call('/v1/audit?limit=200')).text,
        files: filesIn(app.folder),
      };
      expect(shown.answers).toContain('[redacted]');
      for (const secret of Object.values(SECRETS)) {
        for (const form of [secret, spelling(secret), JSON.stringify(spelling(secret)).slice(1, -1)]) {
          const found = Object.entries(shown).filter(([, text]) => text.includes(form));
          expect({ form, found: found.map(([name]) => name) }).toEqual({ form, found: [] });
        }
      }
    },
  );
});
