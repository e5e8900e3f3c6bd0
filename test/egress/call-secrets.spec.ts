import { type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { AttackPolicies, movedTo } from '../../src/egress/attack/attack-policies.js';
import { outboundCall } from '../../src/egress/attack/attack-rig.js';
import { Stage } from '../../src/egress/attack/scenario.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { START, answerOf, echo, textOf } from './support/echo.js';

const AWS_KEY = `AKIA${'Q3EGRW7ZLTMVX2PN'}`;

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

describe('secrets of a call', () => {
  it('are masked before policies are asked, and sent as they are (OC-CTRL-2041, OC-POLICY-4031)', async () => {
    const { rig, server, events, handed } = await echo(stage);
    const body = JSON.stringify({ key: AWS_KEY, password: 'hunter2hunter2', plain: 'x' });
    const headers = [
      ['authorization', 'Bearer abcdefghijklmnop'],
      ['content-type', 'application/json'],
    ] as const;
    await answerOf(rig, { url: `${START}?token=t0kent0ken`, method: 'POST', headers, body: Buffer.from(body) });
    const shown = JSON.stringify(events[0]) + handed[0];
    for (const secret of [AWS_KEY, 'hunter2hunter2', 'abcdefghijklmnop', 't0kent0ken'])
      expect(shown).not.toContain(secret);
    expect(shown).toMatch(/<secret:bearer sha256:[0-9a-f]{16}>/);
    expect((events[0] as RequestEvent).request.findings.map((finding) => [finding.class, finding.at])).toEqual([
      ['secret.aws_key', '/body/key'],
      ['secret.named', '/body/password'],
      ['secret.query', '/url/query/token'],
      ['secret.bearer', '/headers/authorization'],
    ]);
    expect(server.seen[0]).toMatchObject({
      url: '/?token=t0kent0ken',
      body,
      headers: { authorization: headers[0][1] },
    });
  });

  it('stand in no row, record or log line (OC-CTRL-2041)', async () => {
    const logger = new QuietLogger();
    const { rig } = await echo(stage, undefined, { parts: { logger } });
    const secretHeaders = [['x-service-key', 'service-secret-1']] as const;
    await answerOf(rig, {
      url: `${START}${AWS_KEY}?api_key=planted-secret`,
      headers: [['cookie', 'c=planted-cookie']],
      secretHeaders,
    });
    const written = JSON.stringify([rig.audit.entries, rig.audit.records, logger.lines]);
    expect(written).toContain('start.test');
    for (const secret of ['service-secret-1', 'planted-secret', 'planted-cookie', AWS_KEY])
      expect(written).not.toContain(secret);
  });

  it('that the host adds come back to nobody, not even in what the far side repeats (OC-CTRL-2041)', async () => {
    const { rig, server, events } = await echo(stage);
    const answer = await answerOf(rig, { secretHeaders: [['X-Service-Key', 'Token service-secret-1']] });
    expect(server.seen[0]?.headers['x-service-key']).toBe('Token service-secret-1');
    expect(Buffer.from(answer.body).toString()).toContain('"x-service-key":"[redacted]"');
    expect(JSON.stringify(events)).not.toContain('service-secret-1');
  });

  it('that the host adds go to the origin of the call alone, wherever a policy moves it (OC-CTRL-2041)', async () => {
    const { rig, server } = await echo(stage, (event) =>
      event.kind === 'http.request' && event.request.url.host === 'start.test'
        ? { decision: 'modify', event: movedTo(event, { host: 'evil.org' }) }
        : undefined,
    );
    await answerOf(rig, { secretHeaders: [['x-service-key', 'service-secret-1']] });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.headers).toMatchObject({ host: 'evil.org' });
    expect(server.seen[0]?.headers).not.toHaveProperty('x-service-key');
  });

  it('that only the daemon knows are taken from answers (OC-CTRL-2041)', async () => {
    const redactor = new SecretRedactor({ secrets: ['configured-secret'], patterns: [], pii: true });
    const { rig } = await stage.web((_request, response) => response.end('a configured-secret of jane@mail.example'), {
      parts: { redactor },
    });
    expect(Buffer.from((await answerOf(rig)).body).toString()).toBe('a [redacted] of [redacted]');
  });

  it('that only the daemon knows are taken from bytes that are no text, streamed or not (OC-POLICY-4031)', async () => {
    const redactor = new SecretRedactor({ secrets: ['configured-secret'], patterns: ['number \\d+'], pii: true });
    const bytes = Buffer.concat([
      Buffer.of(0, 255, 0, 128),
      Buffer.from(
        `configured-secret ${Buffer.from('xconfigured-secret').toString('base64')} number 12 jane@mail.example`,
      ),
    ]);
    const { rig } = await stage.web(
      (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(bytes),
      { parts: { redactor } },
    );
    const shown = '\0\xff\0\x80[redacted] e[redacted] number 12 jane@mail.example';
    expect(Buffer.from((await answerOf(rig)).body).toString('latin1')).toBe(shown);
    const headOnly = new AttackPolicies(() => undefined, ['on_request']);
    const { rig: streaming } = await stage.web(
      (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(bytes),
      { parts: { redactor }, policies: headOnly },
    );
    const { body } = await streaming.egress.stream(outboundCall({ url: START }), new AbortController().signal);
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    expect(Buffer.concat(pieces).toString('latin1')).toBe(shown);
  });

  it('that only the daemon knows are not told up to where a caller has the answer cut (OC-POLICY-4031)', async () => {
    const redactor = new SecretRedactor({ secrets: ['configured-secret'], patterns: [], pii: false });
    for (const hooks of [['on_request', 'on_response'], ['on_request']] as const) {
      const { rig } = await stage.web(
        (_request, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('a configured-secret'),
        { parts: { redactor }, policies: new AttackPolicies(() => undefined, hooks) },
      );
      const call = outboundCall({ url: START, maxBytes: 18 });
      const { body } = await rig.egress.stream(call, new AbortController().signal);
      expect(await textOf(body)).toBe('a ');
      const answer = await answerOf(rig, { maxBytes: 18 });
      expect([Buffer.from(answer.body).toString(), answer.truncated]).toEqual(['a ', true]);
    }
  });

  it.each<[string, (secret: string) => string]>([
    ['in hexadecimal digits', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
    ['in Base64 within other text', (secret) => Buffer.from(`a ${secret} b`).toString('base64')],
    ['with escaped slashes', (secret) => secret.replaceAll('/', '\\/')],
    ['in escapes of JSON', (secret) => [...secret].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')],
    ['in escapes of HTML', (secret) => [...secret].map((one) => `&#${one.charCodeAt(0)};`).join('')],
    ['in escapes of URLs', (secret) => secret.replaceAll('/', '%2f').replaceAll('s', '%73')],
  ])('that the host adds come back to nobody %s, in body and head (OC-CTRL-2041)', async (_name, spell) => {
    const echoed = spell('service/secret/1');
    const { rig } = await stage.web((_request, response) =>
      response.writeHead(200, { 'x-echo': echoed, 'content-type': 'application/octet-stream' }).end(`<${echoed}>`),
    );
    const { headers, body } = await answerOf(rig, { secretHeaders: [['x-service-key', 'Token service/secret/1']] });
    const shown = Buffer.from(body).toString();
    expect(shown).toContain('[redacted]');
    const [, echo = ''] = headers.find(([name]) => name === 'x-echo')!;
    for (const text of [shown, echo]) expect(text.length).toBeLessThan(30);
  });

  it('that a caller sends stand neither in records nor in kept answers nor where a redirect leads (OC-CTRL-2041)', async () => {
    const sent = {
      'x-api-key': 'callers-own-key-1',
      authorization: `Basic ${Buffer.from('ann:callers-password').toString('base64')}`,
      cookie: 'sid=callers-cookie-1',
    };
    const { rig } = await stage.web((request, response) => {
      const echo = Object.keys(sent).map((name) => String(request.headers[name]));
      if (request.url === '/') response.writeHead(302, { location: `/at/callers-own-key-1/${echo.length}` }).end();
      else response.end(JSON.stringify({ path: request.url, echo, raw: ['callers-password', 'callers-cookie-1'] }));
    });
    const kept: string[] = [];
    const keep = (_hop: unknown, answer: { readonly body: Uint8Array }) =>
      void kept.push(Buffer.from(answer.body).toString());
    const headers = Object.entries(sent);
    const answer = await answerOf(rig, { headers, kept: { find: () => undefined, keep } });
    expect(answer.finalUrl).toBe(`${START}at/[redacted]/3`);
    const shown = JSON.stringify([rig.audit.entries, rig.audit.records, kept, Buffer.from(answer.body).toString()]);
    expect(kept).toHaveLength(1);
    for (const secret of ['callers-own-key-1', 'callers-password', 'callers-cookie-1', sent.authorization.slice(6)])
      expect(shown).not.toContain(secret);
  });
});
